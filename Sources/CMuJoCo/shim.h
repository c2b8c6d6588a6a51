// MuJoCo's header, and what Swift cannot do itself: MuJoCo reports a fatal error by calling a function that must not return, so a
// call that may end so is made under setjmp, with nothing but C between it and the longjmp.
#ifndef CMUJOCO_SHIM_H
#define CMUJOCO_SHIM_H

#include <mujoco/mujoco.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/// Each thread's own: where an error goes, and what the last error or warning said.
struct dsrl_mujoco_thread {
  jmp_buf *guard;
  char text[1000];
};

// Inside a function, because Swift emits a header's functions and what they hold, but not its variables.
static struct dsrl_mujoco_thread *dsrl_mujoco_here(void) {
  static __thread struct dsrl_mujoco_thread here;
  return &here;
}

static void dsrl_mujoco_note(const char *text) {
  struct dsrl_mujoco_thread *here = dsrl_mujoco_here();
  snprintf(here->text, sizeof here->text, "%s", text);
}

static void dsrl_mujoco_fail(const char *text) {
  dsrl_mujoco_note(text);
  if (dsrl_mujoco_here()->guard) longjmp(*dsrl_mujoco_here()->guard, 1);
}

/// From here on MuJoCo neither ends the process nor writes MUJOCO_LOG.TXT.
static inline void dsrl_mujoco_install_handlers(void) {
  mju_user_error = dsrl_mujoco_fail;
  mju_user_warning = dsrl_mujoco_note;
}

/// What the last error or warning on this thread said; empty after dsrl_mujoco_forget.
static inline const char *dsrl_mujoco_message(void) { return dsrl_mujoco_here()->text; }
static inline void dsrl_mujoco_forget(void) { dsrl_mujoco_here()->text[0] = 0; }

/// Whether the simulation went wrong since its last reset: numbers it could not go on with, after which it has started itself anew in
/// silence, or contacts and constraints left out for want of memory.
static inline bool dsrl_mujoco_is_bad(const mjData *data) {
  static const int bad[] = {mjWARN_BADQPOS, mjWARN_BADQVEL, mjWARN_BADQACC, mjWARN_BADCTRL, mjWARN_CONTACTFULL, mjWARN_CNSTRFULL};
  for (int i = 0; i < 6; i++)
    if (data->warning[bad[i]].number) return true;
  return false;
}

/// Runs `statement` so that an error in it makes the enclosing function return `failure`.
#define DSRL_MUJOCO_GUARDED(statement, failure) \
  jmp_buf entry;                                \
  jmp_buf *outer = dsrl_mujoco_here()->guard;   \
  if (setjmp(entry)) {                          \
    dsrl_mujoco_here()->guard = outer;          \
    return failure;                             \
  }                                             \
  dsrl_mujoco_here()->guard = &entry;           \
  statement;                                    \
  dsrl_mujoco_here()->guard = outer;

/// `count` steps, then the forces of contacts on every body where they are wanted; false where MuJoCo reported an error.
__attribute__((noinline)) static bool dsrl_mujoco_step(const mjModel *model, mjData *data, int count, bool contact_forces) {
  DSRL_MUJOCO_GUARDED(
      for (volatile int i = 0; i < count; i++) mj_step(model, data);
      if (contact_forces) mj_rnePostConstraint(model, data), false)
  return true;
}

/// Everything derived from position and velocity; false where MuJoCo reported an error.
__attribute__((noinline)) static bool dsrl_mujoco_forward(const mjModel *model, mjData *data) {
  DSRL_MUJOCO_GUARDED(mj_forward(model, data), false)
  return true;
}

/// A model from its XML file, or NULL with the reason in `error`.
__attribute__((noinline)) static mjModel *dsrl_mujoco_load(const char *path, char *error, int capacity) {
  mjModel *volatile model = NULL;
  DSRL_MUJOCO_GUARDED(model = mj_loadXML(path, NULL, error, capacity), (snprintf(error, capacity, "%s", dsrl_mujoco_message()), NULL))
  return model;
}

/// A model from XML in memory, or NULL with the reason in `error`.
__attribute__((noinline)) static mjModel *dsrl_mujoco_load_text(const void *text, int length, char *error, int capacity) {
  mjModel *volatile model = NULL;
  mjVFS files;
  DSRL_MUJOCO_GUARDED(
      mj_defaultVFS(&files); mj_addBufferVFS(&files, "model.xml", text, length); model = mj_loadXML("model.xml", &files, error, capacity);
      mj_deleteVFS(&files), (snprintf(error, capacity, "%s", dsrl_mujoco_message()), NULL))
  return model;
}

/// Room for a simulation of `model`, or NULL.
__attribute__((noinline)) static mjData *dsrl_mujoco_make_data(const mjModel *model) {
  mjData *volatile data = NULL;
  DSRL_MUJOCO_GUARDED(data = mj_makeData(model), NULL)
  return data;
}

#include "render.h"

#endif
