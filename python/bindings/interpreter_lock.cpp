// The interpreter lock, given away and taken back. Invariant: no thread but the one that ends the
// interpreter goes on once that has begun. CPython up to 3.13 ends such a thread by unwinding its
// stack where it asks for the lock; that is met here, before it reaches a destructor, and the
// thread sleeps until the process is gone, as CPython itself has it from 3.14 on.

#include "bindings.h"

#include <unistd.h>

namespace bafe::python {
namespace {

thread_local PyThreadState* put_aside = nullptr;  // by the innermost Unlocked that is in force

bool is_ending() {
#if PY_VERSION_HEX >= 0x030D0000
  return Py_IsFinalizing();
#else
  return _Py_IsFinalizing();
#endif
}

void take_lock(PyThreadState* state) {
  try {
    PyEval_RestoreThread(state);
  } catch (...) {  // an unwinding that CPython began: nothing else is thrown there
    sleep_for_ever();
  }
}

}  // namespace

void sleep_for_ever() {
  while (true) pause();
}

Unlocked::Unlocked() : state_(PyEval_SaveThread()) { put_aside = state_; }

Unlocked::~Unlocked() {
  put_aside = nullptr;
  take_lock(state_);
}

Locked::Locked() : state_(put_aside) {
  put_aside = nullptr;
  if (state_) {
    take_lock(state_);
    return;
  }
  // The thread that ends the interpreter holds the lock; for others there is nothing to hold.
  if (is_ending() && !PyGILState_Check()) sleep_for_ever();
  try {
    ensured_ = PyGILState_Ensure();
  } catch (...) {  // as in take_lock()
    sleep_for_ever();
  }
}

Locked::~Locked() {
  if (state_) {
    put_aside = PyEval_SaveThread();
  } else {
    PyGILState_Release(ensured_);
  }
}

}  // namespace bafe::python
