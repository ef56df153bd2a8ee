#pragma once
/// A directory for one compile, in TMPDIR or /tmp, that nobody else may enter.

#include <string>

namespace bafe {

/// Removed with everything in it. What a killed process left is removed by a later one, an hour
/// after its last change.
class PrivateFolder {
 public:
  PrivateFolder();
  ~PrivateFolder();
  PrivateFolder(const PrivateFolder&) = delete;
  PrivateFolder& operator=(const PrivateFolder&) = delete;
  const std::string& path() const { return path_; }    ///< empty when it could not be made
  const std::string& error() const { return error_; }  ///< then why

 private:
  std::string path_, error_;
};

/// Removes what processes that are gone left in `base` more than an hour ago.
void sweep_private_folders(const std::string& base);

}  // namespace bafe
