// Ctrl-C: the signal arms a hook on the coroutine that runs, the hook raises, and it stays armed until it is cleared, so that a
// script cannot swallow it. There is no hook, and so no cost, until the signal. The coroutine functions are Lua's own, with a note
// of who runs around them.
//
// An instruction budget is the same hook, fired every `stride` instructions from the beginning; new coroutines inherit it.

static void shim_stop(lua_State *L, lua_Debug *activation);

// Only counts: call hooks would also fire in the traceback handler.
static void shim_arm(lua_State *L) { lua_sethook(L, shim_stop, LUA_MASKCOUNT, 1); }

// The hook of quiet times: the budget's, or none.
static void shim_disarm(shim_state *s, lua_State *L) {
  if (s->stride) lua_sethook(L, shim_stop, LUA_MASKCOUNT, s->stride);
  else lua_sethook(L, NULL, 0, 0);
}

static void shim_stop(lua_State *L, lua_Debug *activation) {
  (void)activation;
  shim_state *s = shim_of(L);
  if (s->stride && s->budget > 0) s->budget -= lua_gethookcount(L);
  int spent = s->stride && s->budget <= 0;
  if (!s->interrupted && !spent) {
    if (lua_gethookcount(L) != s->stride) shim_disarm(s, L);  // left over on a coroutine that was suspended when it was cleared
    return;
  }
  if (lua_gethookcount(L) != 1) shim_arm(L);
  s->interrupted = 1;
  if (spent) lua_pushliteral(L, "instruction budget used up");
  else lua_pushliteral(L, "interrupted!");
  lua_error(L);
}

static void shim_set_budget(shim_state *s, lua_State *main, long long instructions) {
  s->budget = instructions;
  s->stride = 100;
  shim_disarm(s, main);
}

static inline int shim_spent(shim_state *s) { return s->stride && s->budget <= 0; }

// Safe in a signal handler, if that runs on the thread of the interpreter.
static void shim_interrupt_state(shim_state *s) {
  s->interrupted = 1;
  if (s->running) shim_arm(s->running);
}

static void shim_clear_interrupt(shim_state *s, lua_State *main) {
  s->interrupted = 0;
  shim_disarm(s, main);
}

static inline int shim_interrupted(shim_state *s) { return s->interrupted; }
static inline lua_State *shim_running(shim_state *s) { return s->running; }

// Runs `work` on L while `co` counts as running. `work` must not raise.
static int shim_switch(lua_State *L, lua_State *co, lua_CFunction work) {
  shim_state *s = shim_of(L);
  s->running = co;
  if (s->interrupted) shim_arm(co);     // the signal may have come just before the line above
  int results = work(L);
  s->running = L;
  if (s->interrupted) shim_arm(L);
  return results;
}

// coroutine.resume; upvalue: Lua's own.
static int shim_resume(lua_State *L) {
  lua_CFunction resume = lua_tocfunction(L, lua_upvalueindex(1));
  lua_State *co = lua_tothread(L, 1);
  return co ? shim_switch(L, co, resume) : resume(L);
}

// coroutine.close; upvalue: Lua's own, which raises only for a coroutine that is active.
static int shim_close(lua_State *L) {
  lua_CFunction close = lua_tocfunction(L, lua_upvalueindex(1));
  lua_State *co = lua_tothread(L, 1);
  lua_Debug frame;
  int active = co && lua_status(co) == LUA_OK && lua_getstack(co, 0, &frame);
  return co && !active ? shim_switch(L, co, close) : close(L);
}

static int shim_reset(lua_State *L) {
  lua_State *co = lua_tothread(L, lua_upvalueindex(1));
  lua_pushinteger(L, lua_resetthread(co));
  return 1;
}

// What coroutine.wrap returns; upvalues: the coroutine, Lua's own coroutine.resume.
static int shim_wrapped(lua_State *L) {
  lua_CFunction resume = lua_tocfunction(L, lua_upvalueindex(2));
  lua_State *co = lua_tothread(L, lua_upvalueindex(1));
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  int results = shim_switch(L, co, resume);
  if (lua_toboolean(L, -results)) return results - 1;

  int status = lua_status(co);
  // It failed: close its variables, which may fail anew. Not after an interrupt, whose hook leaves a coroutine without hooks.
  if (status != LUA_OK && status != LUA_YIELD && !shim_of(L)->interrupted) {
    shim_switch(L, co, shim_reset);
    status = (int)lua_tointeger(L, -1);
    lua_pop(L, 1);
    if (status != LUA_OK) lua_xmove(co, L, 1);
  }
  if (status != LUA_ERRMEM && lua_type(L, -1) == LUA_TSTRING && !shim_of(L)->interrupted) {
    luaL_where(L, 1);
    lua_insert(L, -2);
    lua_concat(L, 2);
  }
  return lua_error(L);
}

// coroutine.wrap; upvalue: Lua's own coroutine.resume.
static int shim_wrap(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_State *co = lua_newthread(L);
  lua_pushvalue(L, 1);
  lua_xmove(L, co, 1);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_pushcclosure(L, shim_wrapped, 2);
  return 1;
}

// What xpcall calls instead of a script's message handler (upvalue). Lua calls it from inside the hook, where no other hook fires: a
// handler that loops could not be stopped.
static int shim_message(lua_State *L) {
  if (shim_of(L)->interrupted) return 1;
  lua_CFunction plain = lua_tocfunction(L, lua_upvalueindex(1));
  if (plain && !lua_getupvalue(L, lua_upvalueindex(1), 1)) return plain(L);   // debug.traceback, without a line of this function
  lua_settop(L, 1);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, 1, 1);
  return 1;
}

// xpcall; upvalue: Lua's own.
static int shim_xpcall(lua_State *L) {
  luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_pushvalue(L, 2);
  lua_pushcclosure(L, shim_message, 1);
  lua_replace(L, 2);
  return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

// At start-up: gives field `name` of the table on top the function `ours`, with the table's field `from` as its upvalue.
static void shim_override(lua_State *L, const char *name, lua_CFunction ours, const char *from) {
  lua_getfield(L, -1, from);
  lua_pushcclosure(L, ours, 1);
  lua_setfield(L, -2, name);
}

static void shim_track_coroutines(lua_State *L) {
  lua_getglobal(L, "coroutine");
  shim_override(L, "wrap", shim_wrap, "resume");   // before resume is replaced
  shim_override(L, "resume", shim_resume, "resume");
  shim_override(L, "close", shim_close, "close");
  lua_pop(L, 1);
  lua_pushglobaltable(L);
  shim_override(L, "xpcall", shim_xpcall, "xpcall");
  lua_pop(L, 1);
}
