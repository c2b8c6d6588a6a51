// Scripts are text. Bytecode is not checked by Lua and can do anything to the process, so nothing a script calls accepts it.

// Replaces the mode argument at `index` by what remains of it without bytecode, then does what Lua's own function does.
static int shim_as_text(lua_State *L, int index) {
  const char *mode = luaL_optstring(L, index, "t");
  if (lua_gettop(L) < index) lua_settop(L, index);
  lua_pushstring(L, strchr(mode, 't') ? "t" : "");
  lua_replace(L, index);
  return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

static int shim_load(lua_State *L) { return shim_as_text(L, 3); }
static int shim_loadfile(lua_State *L) { return shim_as_text(L, 2); }

static int shim_ran(lua_State *L, int status, lua_KContext context) {
  (void)status, (void)context;
  return lua_gettop(L) - 1;
}

static int shim_dofile(lua_State *L) {
  const char *path = luaL_optstring(L, 1, NULL);
  lua_settop(L, 1);
  if (luaL_loadfilex(L, path, "t") != LUA_OK) return lua_error(L);
  lua_callk(L, 0, LUA_MULTRET, 0, shim_ran);
  return shim_ran(L, 0, 0);
}

// The searcher for Lua modules; upvalue: the package table.
static int shim_searcher(lua_State *L) {
  const char *name = luaL_checkstring(L, 1);
  lua_getfield(L, lua_upvalueindex(1), "searchpath");
  lua_pushvalue(L, 1);
  if (lua_getfield(L, lua_upvalueindex(1), "path") != LUA_TSTRING) return luaL_error(L, "'package.path' must be a string");
  lua_call(L, 2, 2);
  if (lua_isnil(L, -2)) return 1;       // the list of places where it is not
  lua_pop(L, 1);
  const char *path = lua_tostring(L, -1);
  if (luaL_loadfilex(L, path, "t") != LUA_OK)
    return luaL_error(L, "error loading module '%s' from file '%s':\n\t%s", name, path, lua_tostring(L, -1));
  lua_insert(L, -2);
  return 2;
}

static void shim_refuse_bytecode(lua_State *L) {
  lua_pushglobaltable(L);
  shim_override(L, "load", shim_load, "load");
  shim_override(L, "loadfile", shim_loadfile, "loadfile");
  lua_pushcfunction(L, shim_dofile);
  lua_setfield(L, -2, "dofile");
  lua_getfield(L, -1, "package");
  lua_getfield(L, -1, "searchers");
  lua_pushvalue(L, -2);
  lua_pushcclosure(L, shim_searcher, 1);
  lua_rawseti(L, -2, 2);
  lua_pop(L, 3);
}
