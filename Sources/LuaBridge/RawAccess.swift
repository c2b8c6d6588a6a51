import CLua

// Looking at values without running any script: no metamethod is called. For completion and for printing.
extension LuaReference {
  /// What a table holds: its list part as far as `listLimit`, its other keys as far as `fieldLimit` in Lua's order, and how many there are.
  public struct Contents {
    public var list: [LuaReference] = []
    public var fields: [(key: LuaReference, value: LuaReference)] = []
    public var listCount = 0
    public var fieldCount = 0
  }

  /// Whether it is a table, by whatever name its metatable calls it.
  public var isTable: Bool {
    get throws { try peek { L in lua_type(L, -1) == LUA_TTABLE } }
  }

  /// table[name]; nil for anything but a table, and where there is nothing.
  public func rawField(_ name: String) throws -> LuaReference? {
    try peek { L in
      guard lua_type(L, -1) == LUA_TTABLE, pushRawField(L, -1, name) != LUA_TNIL else { return nil }
      return LuaReference(popping: L)
    }
  }

  /// table[index]; nil for anything but a table, and where there is nothing.
  public func rawElement(_ index: Int) throws -> LuaReference? {
    try peek { L in
      guard lua_type(L, -1) == LUA_TTABLE, lua_rawgeti(L, -1, lua_Integer(index)) != LUA_TNIL else { return nil }
      return LuaReference(popping: L)
    }
  }

  /// A field of its metatable, "__index"; nil where there is none.
  public func metafield(_ name: String) throws -> LuaReference? {
    try peek { L in luaL_getmetafield(L, -1, name) == LUA_TNIL ? nil : LuaReference(popping: L) }
  }

  /// The names among a table's keys, with whether a function stands there; at most `limit` of them.
  public func names(limit: Int = 10000) throws -> [(name: String, isFunction: Bool)] {
    try peek { L in
      var names: [(String, Bool)] = []
      guard lua_type(L, -1) == LUA_TTABLE else { return names }
      let table = lua_gettop(L)
      lua_pushnil(L)
      while names.count < limit, lua_next(L, table) != 0 {
        if let name = string(L, -2) { names.append((name, lua_type(L, -1) == LUA_TFUNCTION)) }
        shim_pop(L, 1)
      }
      return names
    }
  }

  /// Everything that a printer shows of a table; empty for anything else.
  public func contents(listLimit: Int, fieldLimit: Int) throws -> Contents {
    try peek { L in
      var contents = Contents()
      guard lua_type(L, -1) == LUA_TTABLE else { return contents }
      let table = lua_gettop(L)
      contents.listCount = Int(lua_rawlen(L, table))
      for index in 0..<Swift.min(contents.listCount, listLimit) {
        lua_rawgeti(L, table, lua_Integer(index + 1))
        contents.list.append(LuaReference(popping: L))
      }
      lua_pushnil(L)
      while lua_next(L, table) != 0 {
        let isListed = lua_isinteger(L, -2) != 0 && (1...Swift.max(1, contents.listCount)).contains(Int(lua_tointegerx(L, -2, nil))) && contents.listCount > 0
        if !isListed { contents.fieldCount += 1 }
        guard !isListed, contents.fields.count < fieldLimit else { shim_pop(L, 1); continue }
        let value = LuaReference(popping: L)
        lua_pushvalue(L, -1)
        contents.fields.append((LuaReference(popping: L), value))
      }
      return contents
    }
  }
}
