#pragma once
/// NaN and Inf across the bodies of loops and branches.

namespace bafe {

/// While one with `seen` lives, sees_specials() says yes for every program on this thread: a body
/// is searched as part of a program that tells NaN or Inf apart.
class SpecialsInReach {
 public:
  explicit SpecialsInReach(bool seen);
  ~SpecialsInReach();
  SpecialsInReach(const SpecialsInReach&) = delete;
  SpecialsInReach& operator=(const SpecialsInReach&) = delete;

 private:
  bool before_;
};

}  // namespace bafe
