/* In: a child that waits to be traced, and which of its calls to disturb. Out: how it ended. The
   parent sees each call twice, before and after; a call is replaced by giving it a number that does
   not exist. Threads are followed, new processes are not: the compiler is not what we test. Parent
   and child share one core, which makes a stop five times cheaper. */

#define _GNU_SOURCE
#include "tracer.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define MARK 0xBAFE /* no system call has this number */

struct name {
  long number;
  const char* text;
};

/* Calls that count: those that a full disk, a bad disk, an exhausted table, missing rights or a
   signal can make fail. */
static const struct name kCounted[] = {
#if defined(__x86_64__)
#define CALL(name) \
  { SYS_##name, #name }
    CALL(open),      CALL(openat),     CALL(read),         CALL(write),      CALL(pread64),
    CALL(pwrite64),  CALL(close),      CALL(stat),         CALL(fstat),      CALL(lstat),
    CALL(lseek),     CALL(newfstatat), CALL(statx),        CALL(access),     CALL(faccessat),
    CALL(mkdir),     CALL(rename),     CALL(unlink),       CALL(unlinkat),   CALL(rmdir),
    CALL(fchmod),    CALL(ftruncate),  CALL(fsync),        CALL(fdatasync),  CALL(utimensat),
    CALL(mmap),      CALL(mprotect),   CALL(memfd_create), CALL(fcntl),      CALL(getdents64),
    CALL(readlink),  CALL(pipe2),      CALL(clone),        CALL(clone3),     CALL(vfork),
    CALL(fork),      CALL(poll),       CALL(wait4),        CALL(pidfd_open), CALL(kill),
    CALL(prlimit64),
#undef CALL
#else
    {-1, "none"},
#endif
};
enum { kCountedSize = sizeof kCounted / sizeof kCounted[0] };

const char* fault_call_name(long number) {
  for (int i = 0; i < kCountedSize; ++i) {
    if (kCounted[i].number == number) return kCounted[i].text;
  }
  return "?";
}

static int is_counted(long number) { return number >= 0 && fault_call_name(number)[0] != '?'; }

void fault_child_ready(void) {
  if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) _exit(99);
  raise(SIGSTOP);
}

void fault_mark_begin(void) { syscall(MARK, 1); }
void fault_mark_end(void) { syscall(MARK, 0); }

#if defined(__x86_64__)

static volatile sig_atomic_t is_late;

static void on_alarm(int signal_number) {
  (void)signal_number;
  is_late = 1;
}

static void set_timer(double seconds) {
  struct itimerval timer;
  memset(&timer, 0, sizeof timer);
  timer.it_value.tv_sec = (time_t)seconds;
  timer.it_value.tv_usec = (suseconds_t)((seconds - (double)timer.it_value.tv_sec) * 1e6);
  timer.it_interval.tv_usec = seconds > 0 ? 50000 : 0; /* again, should the first hit no wait */
  setitimer(ITIMER_REAL, &timer, NULL);
}

struct run {
  pid_t leader, disturbed; /* disturbed: thread whose call is being replaced, else 0 */
  const struct fault_plan* plan;
  struct fault_outcome* outcome;
  int counts, is_done;
};

static void replace_call(pid_t thread, long number, long result, int is_entry) {
  struct user_regs_struct registers;
  if (ptrace(PTRACE_GETREGS, thread, NULL, &registers) != 0) return;
  if (is_entry) {
    registers.orig_rax = (unsigned long)number;
  } else {
    registers.rax = (unsigned long)result;
  }
  ptrace(PTRACE_SETREGS, thread, NULL, &registers);
}

static void disturb(struct run* run, pid_t thread, long number) {
  run->outcome->number = number;
  switch (run->plan->action) {
    case FAULT_FAIL:
    case FAULT_FAIL_ON:
      replace_call(thread, -1, 0, 1);
      run->disturbed = thread;
      break;
    case FAULT_KILL:
      kill(run->leader, SIGKILL);
      run->is_done = 1;
      break;
    case FAULT_SIGNAL:
      kill(run->leader, run->plan->error);
      run->is_done = 1;
      break;
    default:
      break;
  }
}

static void on_call(struct run* run, pid_t thread) {
  struct __ptrace_syscall_info info;
  memset(&info, 0, sizeof info);
  if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, (void*)sizeof info, &info) <= 0) return;
  if (info.op == PTRACE_SYSCALL_INFO_EXIT) {
    if (run->disturbed != thread) return;
    replace_call(thread, 0, -run->plan->error, 0);
    run->disturbed = 0;
    if (run->plan->action == FAULT_FAIL) run->is_done = 1;
    return;
  }
  if (info.op != PTRACE_SYSCALL_INFO_ENTRY) return;
  long number = (long)info.entry.nr;
  if (number == MARK) {
    run->counts = info.entry.args[0] == 1;
    if (!run->counts) run->is_done = 1;
  } else if (run->counts && is_counted(number)) {
    long index = run->outcome->calls++;
    int lasts = run->plan->action == FAULT_FAIL_ON;
    if (index == run->plan->at || (lasts && index > run->plan->at)) disturb(run, thread, number);
  }
}

/* One stop of one thread. Returns the signal that the thread gets when it goes on. */
static int on_stop(struct run* run, pid_t thread, int status) {
  int signal_number = WSTOPSIG(status);
  if (signal_number == (SIGTRAP | 0x80)) {
    if (!run->is_done) on_call(run, thread);
    return 0;
  }
  if (signal_number == SIGTRAP) return 0; /* a new thread, an exec */
  if (signal_number == SIGSTOP) return 0; /* the first stop of a new thread */
  return signal_number;
}

static void drive(struct run* run) {
  while (1) {
    int status = 0;
    pid_t thread = waitpid(-1, &status, __WALL);
    if (thread < 0 && errno == EINTR) {
      if (is_late) {
        run->outcome->is_hung = 1;
        kill(run->leader, SIGKILL);
      }
      continue;
    }
    if (thread < 0) return;
    if (WIFSTOPPED(status)) {
      int passed_on = on_stop(run, thread, status);
      ptrace(run->is_done ? PTRACE_CONT : PTRACE_SYSCALL, thread, NULL, (void*)(long)passed_on);
    } else if (thread == run->leader) {
      run->outcome->status = status;
      return;
    }
  }
}

int fault_run(int pid, const struct fault_plan* plan, struct fault_outcome* outcome) {
  struct run run = {pid, 0, plan, outcome, 0, 0};
  struct sigaction action, before;
  cpu_set_t cores, one;
  int status = 0;
  memset(outcome, 0, sizeof *outcome);
  outcome->number = -1;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_alarm;
  sigaction(SIGALRM, &action, &before);
  is_late = 0;
  sched_getaffinity(0, sizeof cores, &cores);
  CPU_ZERO(&one);
  int core = sched_getcpu();
  CPU_SET(core < 0 ? 0 : core, &one);
  sched_setaffinity(pid, sizeof one, &one);
  sched_setaffinity(0, sizeof one, &one);
  set_timer(plan->limit_s);
  if (waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status)) {
    ptrace(PTRACE_SETOPTIONS, pid, NULL,
           (void*)(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL));
    ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
    drive(&run);
  } else {
    outcome->status = status;
    if (!WIFEXITED(status)) kill(pid, SIGKILL);
  }
  set_timer(0);
  sched_setaffinity(0, sizeof cores, &cores);
  sigaction(SIGALRM, &before, NULL);
  return 0;
}

int fault_is_possible(void) {
  pid_t pid = fork();
  if (pid == 0) {
    fault_child_ready();
    fault_mark_begin();
    close(-1);
    int error = errno;
    fault_mark_end();
    _exit(error == EIO ? 8 : 7); /* without us it is EBADF */
  }
  struct fault_plan plan = {0, FAULT_FAIL, EIO, 5};
  struct fault_outcome outcome;
  fault_run(pid, &plan, &outcome);
  return outcome.calls == 1 && WIFEXITED(outcome.status) && WEXITSTATUS(outcome.status) == 8;
}

#else

int fault_run(int pid, const struct fault_plan* plan, struct fault_outcome* outcome) {
  (void)plan;
  memset(outcome, 0, sizeof *outcome);
  outcome->number = -1;
  kill(pid, SIGKILL);
  waitpid(pid, &outcome->status, __WALL);
  return -1;
}

int fault_is_possible(void) { return 0; }

#endif
