#pragma once
/// The one door to nlohmann-json. Only .cpp files open it: it is slow to compile.

#include <nlohmann/json.hpp>
