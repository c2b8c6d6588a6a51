import LuaBridge

/// What an expression stands for, as far as that is known without running it: a value that is there, or the type of one to come.
enum Place {
  /// `name` is the one under which the registry may know it.
  case value(LuaReference, name: String)
  case type(String)
  case entry(RegistryEntry)
}

/// Finds out what a chain of names, indices and calls stands for, from raw tables and the registry; no script runs.
struct PlaceFinder {
  let lua: Interpreter

  /// Where the chain begins that ends with token `end`: `dsrl.env.make` of `x = dsrl.env.make`; nil where none ends there.
  static func start(of tokens: ArraySlice<LuaToken>, endingAt end: Int) -> Int? {
    var i = end
    while i >= tokens.startIndex {
      let token = tokens[i]
      if [")", "}", "]"].contains(where: token.isSymbol) || token.isString {
        guard let opening = token.isString ? i : matching(tokens, i) else { return nil }
        let goesOn = opening > tokens.startIndex && endsSomething(tokens[opening - 1])
        if goesOn { i = opening - 1 } else { return token.isString || token.isSymbol(")") ? opening : nil }
      } else if token.kind == .name {
        guard i - 1 > tokens.startIndex, tokens[i - 1].isSymbol(".") || tokens[i - 1].isSymbol(":") else { return i }
        i -= 2
      } else {
        return nil
      }
    }
    return nil
  }

  private static func endsSomething(_ token: LuaToken) -> Bool {
    token.kind == .name || token.isString || [")", "}", "]"].contains(where: token.isSymbol)
  }

  /// The bracket that token `end` closes.
  private static func matching(_ tokens: ArraySlice<LuaToken>, _ end: Int) -> Int? {
    var depth = 0
    for i in stride(from: end, through: tokens.startIndex, by: -1) {
      if [")", "}", "]"].contains(where: tokens[i].isSymbol) { depth += 1 }
      if ["(", "{", "["].contains(where: tokens[i].isSymbol) { depth -= 1 }
      if depth == 0 { return i }
    }
    return nil
  }

  /// What the chain in `tokens` stands for.
  func find(_ tokens: ArraySlice<LuaToken>) throws -> Place? {
    guard let first = tokens.first, first.kind == .name || first.isString || first.isSymbol("(") else { return nil }
    var i = tokens.startIndex + 1
    var place: Place
    if first.isSymbol("(") {
      guard let end = closing(tokens, tokens.startIndex), let start = PlaceFinder.start(of: tokens, endingAt: end - 1), start == i,
        let inner = try find(tokens[start..<end]) else { return nil }
      (place, i) = (inner, end + 1)
    } else if first.isString {
      place = .value(try lua.global("string"), name: "string")
    } else {
      let value = try lua.global(first.text)
      let type = lua.registry.find(first.text)
      place = if try value.typeName() == "nil", let type { type.kind == .type ? .type(first.text) : .entry(type) } else { .value(value, name: first.text) }
    }
    while i < tokens.endIndex {
      let token = tokens[i]
      var next: Place?
      if token.isSymbol(".") || token.isSymbol(":"), i + 1 < tokens.endIndex {
        next = try member(of: place, tokens[i + 1].text, isMethod: token.isSymbol(":"))
        i += 2
      } else if token.isSymbol("["), let end = closing(tokens, i), end == i + 2 {
        next = try element(of: place, tokens[i + 1])
        i = end + 1
      } else if token.isString {
        next = result(of: place)
        i += 1
      } else if token.isSymbol("(") || token.isSymbol("{"), let end = closing(tokens, i) {
        next = result(of: place)
        i = end + 1
      }
      guard let next else { return nil }
      place = next
    }
    return place
  }

  private func closing(_ tokens: ArraySlice<LuaToken>, _ start: Int) -> Int? {
    var depth = 0
    for i in start..<tokens.endIndex {
      if ["(", "{", "["].contains(where: tokens[i].isSymbol) { depth += 1 }
      if [")", "}", "]"].contains(where: tokens[i].isSymbol) { depth -= 1 }
      if depth == 0 { return i }
    }
    return nil
  }

  // MARK: Steps

  private func member(of place: Place, _ name: String, isMethod: Bool) throws -> Place? {
    switch place {
    case .type(let type): return registered(type, name, isMethod)
    case .entry: return nil
    case .value(let value, let path):
      if let field = try value.rawField(name) { return .value(field, name: "\(path).\(name)") }
      if let type = try ownType(value) { return registered(type, name, isMethod) }
      var table = try value.metafield("__index")
      for _ in 0..<10 {
        if let field = try table?.rawField(name) { return .value(field, name: "") }
        table = try table?.metafield("__index")
      }
      return nil
    }
  }

  private func registered(_ type: String, _ name: String, _ isMethod: Bool) -> Place? {
    if isMethod { return lua.registry.find("\(type):\(name)").map(Place.entry) }
    if let property = lua.registry.find("\(type).\(name)"), property.kind == .property { return resultType(property.signature) }
    return lua.registry.find("\(type):\(name)").map(Place.entry)
  }

  private func element(of place: Place, _ key: LuaToken) throws -> Place? {
    if case .type(let type) = place { return type == "Tensor" && key.kind == .number ? .type(type) : nil }
    guard case .value(let value, _) = place else { return nil }
    if try ownType(value) == "Tensor" { return .type("Tensor") }
    let field = key.isString ? try value.rawField(key.content) : try Int(key.text).flatMap { try value.rawElement($0) }
    return field.map { .value($0, name: "") }
  }

  private func result(of place: Place) -> Place? { entry(of: place).flatMap { resultType($0.signature) } }

  /// The registry's entry of a function.
  func entry(of place: Place) -> RegistryEntry? {
    switch place {
    case .entry(let entry): entry
    case .value(_, let name): lua.registry.find(name)
    case .type: nil
    }
  }

  /// "(id: string) -> Environment, table": Environment; "Space?": Space. nil for what is no type of ours.
  private func resultType(_ signature: String) -> Place? {
    let result = signature.ranges(of: "-> ").last.map { signature[$0.upperBound...] } ?? signature[...]
    let name = String(result.prefix { $0.isLetter || $0.isNumber || $0 == "_" })
    guard let entry = lua.registry.find(name), entry.kind == .type else { return nil }
    return .type(name)
  }

  /// The name of a type of ours that `value` is of.
  private func ownType(_ value: LuaReference) throws -> String? {
    let name = try value.typeName()
    return lua.registry.find(name)?.kind == .type ? name : nil
  }

  // MARK: Members

  /// The names that can follow `place` and a dot or, for methods, a colon.
  func members(of place: Place, isMethod: Bool) throws -> [String] {
    switch place {
    case .type(let type): return registeredMembers(type, isMethod)
    case .entry: return []
    case .value(let value, _):
      if let type = try ownType(value) { return registeredMembers(type, isMethod) }
      var names = try value.names()
      var table = try value.metafield("__index")
      for _ in 0..<10 {
        names += try table?.names() ?? []
        table = try table?.metafield("__index")
      }
      return names.filter { $0.isFunction || !isMethod }.map(\.name)
    }
  }

  private func registeredMembers(_ type: String, _ isMethod: Bool) -> [String] {
    lua.registry.members(of: type).filter { $0.kind == (isMethod ? .method : .property) }.map(\.shortName)
  }
}
