# Every third-party library, found once. Each is used behind one file of ours (tests/python/test_tree.py).
find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(fmt REQUIRED)
find_package(Eigen3 REQUIRED NO_MODULE)
find_package(nlohmann_json REQUIRED)
find_package(SQLite3 REQUIRED)

find_path(BAFE_XXHASH_INCLUDE xxhash.h REQUIRED)
find_library(BAFE_XXHASH_LIBRARY xxhash REQUIRED)
add_library(bafe_xxhash INTERFACE)
target_include_directories(bafe_xxhash INTERFACE ${BAFE_XXHASH_INCLUDE})
target_link_libraries(bafe_xxhash INTERFACE ${BAFE_XXHASH_LIBRARY})

find_path(BAFE_Z3_INCLUDE z3.h REQUIRED)
find_library(BAFE_Z3_LIBRARY z3 REQUIRED)
