import CLua

// Small steps on the stack that never raise. Each says what it needs or leaves.

/// Makes sure of `slots` free stack slots; Lua grants 20 to a callback.
func room(_ L: LuaState, _ slots: Int) throws {
  guard slots < Int(CInt.max), lua_checkstack(L, CInt(slots)) != 0 else { throw LuaError("stack overflow") }
}

/// Pushes one value.
func pushString(_ L: LuaState, _ text: String) {
  var text = text
  text.withUTF8 { bytes in
    _ = bytes.withMemoryRebound(to: CChar.self) { lua_pushlstring(L, $0.baseAddress, $0.count) }
  }
}

/// The string at `index`; nil for anything else, numbers too. Bytes that are not UTF-8 become replacement characters.
func string(_ L: LuaState, _ index: CInt) -> String? {
  guard lua_type(L, index) == LUA_TSTRING else { return nil }
  var count = 0
  guard let bytes = lua_tolstring(L, index, &count) else { return nil }
  let buffer = UnsafeRawBufferPointer(start: bytes, count: count)
  return String(decoding: buffer, as: UTF8.self)
}

/// table[name] = the value on top, which is popped; `index` counts before that.
func setRawField(_ L: LuaState, _ index: CInt, _ name: String) {
  let table = lua_absindex(L, index)
  pushString(L, name)
  lua_rotate(L, -2, 1)
  lua_rawset(L, table)
}

/// Pushes table[name] and returns its type.
@discardableResult
func pushRawField(_ L: LuaState, _ index: CInt, _ name: String) -> CInt {
  let table = lua_absindex(L, index)
  pushString(L, name)
  return lua_rawget(L, table)
}

/// Pushes the value of a registry reference.
func pushReference(_ L: LuaState, _ reference: CInt) {
  lua_rawgeti(L, shim_registry, lua_Integer(reference))
}

/// Pushes the table of global variables.
func pushGlobals(_ L: LuaState) {
  lua_rawgeti(L, shim_registry, lua_Integer(LUA_RIDX_GLOBALS))
}

/// Pushes the table in a global variable, made anew if there is none.
func pushGlobalTable(_ L: LuaState, _ name: String) {
  pushGlobals(L)
  if pushRawField(L, -1, name) != LUA_TTABLE {
    shim_pop(L, 1)
    lua_createtable(L, 0, 8)
    lua_pushvalue(L, -1)
    setRawField(L, -3, name)
  }
  shim_remove(L, -2)
}
