import CLua

/// What a line typed at a prompt is.
public enum CompiledChunk {
  case complete(LuaFunction)
  /// A correct beginning: read another line.
  case incomplete(LuaError)
  case failed(LuaError)
}

// Source text only: bytecode can do anything to the process.
extension Interpreter {
  /// Compiles and runs; returns copies of the results. `name`: "=prompt" is printed as it is, "@path" as a file.
  @discardableResult
  public func run(_ source: String, name: String = "=chunk") throws -> [LuaValue] {
    try load(source, name: name).call()
  }

  /// Runs a file with `arguments` as its `...`.
  @discardableResult
  public func run(file path: String, arguments: [String] = []) throws -> [LuaValue] {
    let chunk = try load(file: path)
    return try chunk.call(passing: arguments)
  }

  /// Compiles without running.
  public func load(_ source: String, name: String = "=chunk") throws -> LuaFunction {
    let L = L
    try room(L, 4)
    var source = source
    let status = source.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) { luaL_loadbufferx(L, $0.baseAddress, $0.count, name, "t") }
    }
    return try loaded(L, status)
  }

  /// Compiles a file; a first line beginning with # is skipped.
  public func load(file path: String) throws -> LuaFunction {
    let L = L
    try room(L, 4)
    return try loaded(L, luaL_loadfilex(L, path, "t"))
  }

  /// Compiles without running and tells unfinished input from wrong input.
  public func compile(_ source: String, name: String = "=prompt") -> CompiledChunk {
    do { return .complete(try load(source, name: name)) } catch {
      let error = error as? LuaError ?? LuaError("\(error)")
      return error.message.hasSuffix("<eof>") ? .incomplete(error) : .failed(error)
    }
  }

  private func loaded(_ L: LuaState, _ status: CInt) throws -> LuaFunction {
    guard status == LUA_OK else { throw takeError(L) }
    return LuaFunction(LuaReference(popping: L))
  }
}
