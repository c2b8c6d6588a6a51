// Lua calling Swift, Swift calling Lua. No error ever jumps over a Swift frame.

#include <limits.h>

enum { SHIM_RAISE = -1, SHIM_DEEPEST = 150 };

// Implemented in Swift. Returns a result count, or SHIM_RAISE with the error value on top.
int shim_call(lua_State *L);

// The C function behind every Swift function. By the time an error jumps, no Swift frame is left.
static int shim_trampoline(lua_State *L) {
  shim_state *s = shim_of(L);
  if (s->nesting >= SHIM_DEEPEST)
    return luaL_error(L, "C stack overflow (Lua and Swift call each other more than %d deep)", SHIM_DEEPEST);
  lua_State *running = s->running;
  int swift = s->swift;
  s->nesting++;
  s->swift = 1;
  s->running = L;
  int results = shim_call(L);
  s->nesting--;
  s->swift = swift;
  s->running = running;
  int affordable = shim_settle(L, s);
  if (results == SHIM_RAISE) return lua_error(L);
  if (affordable) return results;
  lua_settop(L, 0);
  lua_pushliteral(L, "not enough memory");   // Lua keeps this very string: no allocation
  return lua_error(L);
}

// Leaves the error value as it is; the traceback waits in the registry under the state's address.
static int shim_handler(lua_State *L) {
  luaL_traceback(L, L, NULL, 1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, shim_of(L));
  return 1;
}

// lua_pcall with the handler above; needs one free stack slot.
static int shim_pcall(lua_State *L, int arguments, int results) {
  shim_state *s = shim_of(L);
  lua_State *running = s->running;
  int swift = s->swift;
  int handler = lua_gettop(L) - arguments;
  lua_pushcfunction(L, shim_handler);
  lua_insert(L, handler);
  if (!running) s->thread = pthread_self();
  if (!running && s->stations) shim_enter(s);
  s->swift = 0;
  s->running = L;
  if (s->interrupted) shim_arm(L);
  int status = lua_pcall(L, arguments, results, handler);
  s->swift = swift;
  s->running = running;
  if (!running && s->stations) shim_leave(s);
  lua_remove(L, handler);
  return status;
}

// Pushes "script:line: " of the innermost Lua function below the running C function, or "".
static void shim_where(lua_State *L) {
  lua_Debug frame;
  for (int level = 1; lua_getstack(L, level, &frame); level++) {
    lua_getinfo(L, "Sl", &frame);
    if (frame.currentline > 0) {
      lua_pushfstring(L, "%s:%d: ", frame.short_src, frame.currentline);
      return;
    }
  }
  lua_pushliteral(L, "");
}

// The innermost Lua function below the running C function: its chunk's name, and the line in *line; NULL outside of any.
static const char *shim_call_site(lua_State *L, int *line) {
  lua_Debug frame;
  for (int level = 1; lua_getstack(L, level, &frame); level++) {
    lua_getinfo(L, "Sl", &frame);
    if (frame.currentline <= 0) continue;
    *line = frame.currentline;
    return frame.source;
  }
  return NULL;
}

// The __index of every bound type. Upvalues: methods, getters, and the function for anything else.
static int shim_index(lua_State *L) {
  lua_settop(L, 2);
  if (lua_type(L, 2) == LUA_TSTRING) {
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL) return 1;
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL) {
      lua_pushvalue(L, 1);
      lua_call(L, 1, 1);
      return 1;
    }
    lua_settop(L, 2);
  }
  lua_pushvalue(L, lua_upvalueindex(3));
  lua_insert(L, 1);
  lua_call(L, 2, 1);
  return 1;
}

// The __newindex of every bound type. Upvalues: setters, and the function for anything else.
static int shim_newindex(lua_State *L) {
  lua_settop(L, 3);
  lua_pushvalue(L, lua_upvalueindex(2));
  if (lua_type(L, 2) == LUA_TSTRING) {
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL) {
      lua_pushvalue(L, 1);
      lua_pushvalue(L, 3);
      lua_call(L, 2, 0);
      return 0;
    }
    lua_pop(L, 1);
  }
  lua_insert(L, 1);
  lua_call(L, 3, 0);
  return 0;
}

// tostring(value), which may run a script's __tostring: only under shim_pcall.
static int shim_tostring(lua_State *L) {
  luaL_tolstring(L, 1, NULL);
  return 1;
}

// value[key], which may run a script's __index: only under shim_pcall.
static int shim_get(lua_State *L) {
  lua_settop(L, 2);
  lua_gettable(L, 1);
  return 1;
}

// How many arguments the function on top, which is popped, looks at; INT_MAX for one that takes any.
static int shim_parameters(lua_State *L) {
  lua_Debug function;
  lua_getinfo(L, ">u", &function);
  return function.isvararg ? INT_MAX : function.nparams;
}

// Puts "script:line", where the function on top was defined, in its place; "[C]" for one of C's.
static void shim_origin(lua_State *L) {
  lua_Debug function;
  lua_getinfo(L, ">S", &function);
  if (function.linedefined > 0) lua_pushfstring(L, "%s:%d", function.short_src, function.linedefined);
  else lua_pushstring(L, function.short_src);
}
