// What one interpreter remembers, and the allocator that keeps Lua under a ceiling.
//
// Lua raises "not enough memory" by longjmp, from any call that allocates. The ceiling therefore holds only while the frames
// between here and the nearest protected call are Lua's and C's (`swift` is 0); shim_trampoline raises what Swift overdrew.
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// What a userdata of ours holds. Lua's stack may be too full for its __gc to be called: then Lua frees it all the same, and the
// allocator, which knows it by its mark, keeps the block until Swift has released the object.
typedef struct shim_slot {
  void *object;                         // retained; NULL once it is released
  size_t mark;                          // the interpreter's, which no script can know; in an orphan, the address of the next
} shim_slot;

typedef struct shim_state {
  size_t used, ceiling;                 // bytes; ceiling 0: none
  size_t outside;                       // bytes held beside Lua's own (tensors), as last counted; they count against the ceiling
  size_t (*weigh)(void);                // counts them; NULL: there are none
  size_t owed;                          // bytes held by Swift objects that the collector has not been told of
  int nesting;                          // Swift callbacks on the C stack
  int swift;                            // a Swift frame would be jumped over by an error raised now
  int warnings;                         // whether Lua's warnings are printed
  volatile sig_atomic_t interrupted;    // stays set until cleared
  int stride;                           // instructions between two looks at the budget; 0: there is no budget
  long long budget;                     // instructions that scripts may still run
  lua_State *volatile running;          // the coroutine that runs now; NULL outside Lua
  pthread_t thread;                     // the one that runs Lua
  void *owner;                          // the Interpreter
  size_t mark;                          // of the slots
  size_t slot_size, slot_offset;        // of the block of a slot, and of the slot in it
  void *newest;                         // the block of the last new userdata
  size_t newest_size;
  size_t objects;                       // that slots hold
  shim_slot *orphans;                   // freed by Lua before their objects were released
  struct shim_station *stations;        // NULL, or it runs on any thread and claims one of these while it does
  int station;                          // the one claimed; -1: there was none
} shim_state;

static inline shim_state *shim_of(lua_State *L) {
  void *state;
  lua_getallocf(L, &state);
  return (shim_state *)state;
}

// Whether `more` bytes would go past the ceiling; what is held outside is counted anew before that is said.
static int shim_exceeds(shim_state *s, size_t more) {
  if (!s->ceiling || s->used + s->outside + more <= s->ceiling) return 0;
  if (s->weigh) s->outside = s->weigh();
  return s->used + s->outside + more > s->ceiling;
}

// Makes the memory no slot of ours. Volatile, because a compiler leaves out what is written just before a free; then the mark would stand in
// the next block of this size, which need not write there.
static void shim_unmark(shim_slot *slot) { *(volatile size_t *)&slot->mark = 0; }

// Whether a block that Lua frees is a slot that still holds its object.
static int shim_orphaned(shim_state *s, void *block, size_t size) {
  if (size != s->slot_size) return 0;
  shim_slot *slot = (shim_slot *)((char *)block + s->slot_offset);
  if (slot->mark != s->mark) return 0;
  shim_unmark(slot);
  if (!slot->object) return 0;
  slot->mark = (size_t)s->orphans;
  s->orphans = slot;
  return 1;
}

// An object that its slot should have released; NULL when there is none.
static void *shim_take_orphan(shim_state *s) {
  shim_slot *slot = s->orphans;
  if (!slot) return NULL;
  s->orphans = (shim_slot *)slot->mark;
  void *object = slot->object;
  s->objects--;
  shim_unmark(slot);
  free((char *)slot - s->slot_offset);
  return object;
}

static void *shim_allocate(void *state, void *block, size_t old, size_t size) {
  shim_state *s = (shim_state *)state;
  int tag = block ? 0 : (int)old;
  if (!block) old = 0;                  // then it is a type tag
  if (size == 0) {
    s->used -= old;
    if (!block || !shim_orphaned(s, block, old)) free(block);
    return NULL;
  }
  if (size > old && !s->swift && shim_exceeds(s, size - old)) return NULL;
  void *moved = realloc(block, size);
  if (moved) {
    s->used += size - old;
    if (tag == LUA_TUSERDATA) s->newest = moved, s->newest_size = size;
  } else if (s->swift) {
    fputs("dsrl-lua: out of memory\n", stderr);
    abort();
  }
  return moved;
}

static void shim_warn(void *state, const char *text, int continues) {
  shim_state *s = (shim_state *)state;
  if (!continues && !strcmp(text, "@on")) s->warnings = 1;
  else if (!continues && !strcmp(text, "@off")) s->warnings = 0;
  else if (s->warnings) fprintf(stderr, continues ? "%s" : "%s\n", text);
}

// Keeps a string alive for ever, so that pushing it never allocates.
static void shim_anchor(lua_State *L, const char *text) {
  lua_pushstring(L, text);
  luaL_ref(L, LUA_REGISTRYINDEX);
}

// Pushes a new slot, which holds nothing yet.
static shim_slot *shim_new_slot(lua_State *L) {
  shim_slot *slot = (shim_slot *)lua_newuserdatauv(L, sizeof *slot, 0);
  slot->object = NULL;
  slot->mark = shim_of(L)->mark;
  return slot;
}

static lua_State *shim_open(shim_state *s) {
  memset(s, 0, sizeof *s);
  s->swift = 1;
  s->thread = pthread_self();
  lua_State *L = lua_newstate(shim_allocate, s);
  if (!L) return NULL;
  if (getentropy(&s->mark, sizeof s->mark)) s->mark = (size_t)s ^ (size_t)L << 16;
  shim_slot *first = shim_new_slot(L);  // shows where in its block a slot is
  s->slot_size = s->newest_size;
  s->slot_offset = (size_t)((char *)first - (char *)s->newest);
  lua_pop(L, 1);
  lua_setwarnf(L, shim_warn, s);
  lua_gc(L, LUA_GCINC, 0, 0, 0);        // generational mode does not return the memory of big Swift objects in time
  luaL_openlibs(L);
  shim_anchor(L, "interrupted!");
  shim_anchor(L, "instruction budget used up");
  shim_anchor(L, "error in error handling");   // lua_pcall makes this string outside its own protection
  return L;
}

static int shim_collect(lua_State *L) {
  lua_gc(L, LUA_GCCOLLECT);
  return 0;
}

static void shim_set_ceiling(shim_state *s, size_t bytes) { s->ceiling = bytes; }

static int shim_affordable(shim_state *s) {
  if (s->weigh) s->outside = s->weigh();
  return !shim_exceeds(s, 0);
}

// Tells the collector what Swift objects weigh, then raises if the ceiling has been passed. No Swift frame may be above a protected call.
static int shim_settle(lua_State *L, shim_state *s) {
  if (s->owed >= 1024) {
    size_t kilobytes = s->owed >> 10;
    s->owed = 0;
    if (lua_gc(L, LUA_GCISRUNNING) == 1) lua_gc(L, LUA_GCSTEP, kilobytes < 1u << 20 ? (int)kilobytes : 1 << 20);
  }
  if (shim_affordable(s) || s->swift) return 1;
  lua_gc(L, LUA_GCCOLLECT);
  return shim_affordable(s);
}
