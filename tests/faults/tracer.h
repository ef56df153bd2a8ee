#pragma once
/* Runs a forked child and disturbs one of its system calls: a debugger of one trick (ptrace). It
   sees every call of every thread, those of the dynamic loader and the C library too. Plain C, so
   that the C++ tests link it and the Python tests load it. */

#ifdef __cplusplus
extern "C" {
#endif

enum fault_action {
  FAULT_NONE = 0,   /* count only */
  FAULT_FAIL = 1,   /* the call does nothing and returns -error */
  FAULT_KILL = 2,   /* SIGKILL instead of the call */
  FAULT_SIGNAL = 3, /* the call runs, the signal `error` arrives with it */
  FAULT_FAIL_ON = 4 /* this call and all that follow fail: a disk that stays full */
};

struct fault_plan {
  long at;        /* number of the disturbed call, from 0, between the two marks */
  int action;     /* enum fault_action */
  int error;      /* errno or signal number */
  double limit_s; /* the child is killed after it */
};

struct fault_outcome {
  long calls;  /* calls seen between the marks */
  long number; /* system call that was disturbed; -1 when none was */
  int status;  /* as from waitpid */
  int is_hung; /* the limit passed */
};

/* 1 when children can be traced here: right processor, and the kernel allows it. */
int fault_is_possible(void);

/* In the child: hand over to the tracing parent; then mark where calls count, and where no more. */
void fault_child_ready(void);
void fault_mark_begin(void);
void fault_mark_end(void);

/* In the parent: drive the child that called fault_child_ready() to its end. */
int fault_run(int pid, const struct fault_plan* plan, struct fault_outcome* outcome);

const char* fault_call_name(long number);

#ifdef __cplusplus
}
#endif
