# Timing programs of single layers. The suites are Python: benchmarks/run.py.
add_executable(engine_timing EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/tests/cpp/egraph/engine_timing.cpp)
target_include_directories(engine_timing PRIVATE ${PROJECT_SOURCE_DIR}/tests/cpp)
target_link_libraries(engine_timing PRIVATE bafe_egraph bafe_flags)
