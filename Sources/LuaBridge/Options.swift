/// Hyper-parameters: a struct whose `init()` holds the defaults. Lua writes its property names in snake_case.
public protocol Options: Codable {
  init()
}

/// Options that stand in the table of the options that hold them, not in one of their own.
public protocol OptionGroup: Options {}

/// The stored properties of options with their values, those of a group in its place.
func properties(of options: Any) -> [(label: String, value: Any)] {
  Mirror(reflecting: options).children.flatMap { child -> [(label: String, value: Any)] in
    if child.value is any OptionGroup { return properties(of: child.value) }
    return child.label.map { [($0, child.value)] } ?? []
  }
}

/// One option as help and manifests list it.
public struct OptionDescription {
  /// "learning_rate"; of a nested struct "critic.hidden".
  public let name: String
  /// Its default, or its value; `.null` if it may be absent and is.
  public let value: LuaValue
  /// Of an enumeration: what can be written.
  public let choices: [String]
}

extension LuaTable {
  /// The named parts as options: absent ones have their defaults, unknown ones are errors. `name` is the option that the table itself is.
  public func decode<T: Options>(_ type: T.Type = T.self, under name: String? = nil) throws -> T { try decode(over: T(), under: name) }
  /// The same with other defaults than the type's.
  public func decode<T: Options>(over defaults: T, under name: String? = nil) throws -> T {
    try OptionDecoder.decode(T.self, .table(self), defaults: defaults, path: name.map { [$0] } ?? [])
  }
}

extension Options {
  /// Every option with its value, in the order of declaration, under its Lua name; nested structs as tables.
  public func luaTable() throws -> LuaTable {
    let node = OptionNode()
    try encode(to: OptionEncoder(node: node))
    guard case .table(let table) = node.value(shapedLike: self) else { return LuaTable() }
    return table
  }

  /// Every option, one per line of a help page, nested ones under dotted names.
  public func described() throws -> [OptionDescription] {
    describe(self, try luaTable(), prefix: "")
  }
}

private func describe(_ options: Any, _ table: LuaTable, prefix: String) -> [OptionDescription] {
  properties(of: options).flatMap { child -> [OptionDescription] in
    let name = snakeCase(child.label)
    let value = table[name] ?? .null
    if case .table(let inner) = value, !inner.names.isEmpty, let nested = unwrap(child.value) {
      return describe(nested, inner, prefix: prefix + name + ".")
    }
    return [OptionDescription(name: prefix + name, value: value, choices: choices(Swift.type(of: child.value)))]
  }
}

/// The contents of an optional; anything else as it is.
func unwrap(_ value: Any?) -> Any? {
  guard let value else { return nil }
  let mirror = Mirror(reflecting: value)
  guard mirror.displayStyle == .optional else { return value }
  return mirror.children.first.flatMap { unwrap($0.value) }
}

/// What may be written for an enumeration, or for an optional one; empty for other types.
func choices(_ type: Any.Type) -> [String] {
  if let optional = type as? any OptionalType.Type { return choices(optional.wrapped) }
  func list<C: CaseIterable>(_ cases: C.Type) -> [String] {
    cases.allCases.map { one in (one as? any RawRepresentable<String>)?.rawValue ?? "\(one)" }
  }
  guard let cases = type as? any CaseIterable.Type else { return [] }
  return list(cases)
}

private protocol OptionalType { static var wrapped: Any.Type { get } }
extension Optional: OptionalType { static var wrapped: Any.Type { Wrapped.self } }

/// A type that says what may be written for it, where its name would not.
public protocol Wished {
  /// "a number or a list of numbers"
  static var wish: String { get }
}

private protocol ListType {}
extension Array: ListType {}

/// "an integer", "one of 'euler', 'heun'": how an error names what it wanted.
func wish(_ type: Any.Type) -> String {
  if let optional = type as? any OptionalType.Type { return wish(optional.wrapped) }
  let cases = choices(type)
  if !cases.isEmpty { return "one of " + cases.map { "'\($0)'" }.joined(separator: ", ") }
  switch type {
  case is Bool.Type: return "a boolean"
  case is String.Type: return "a string"
  case is any BinaryInteger.Type: return "an integer"
  case is any BinaryFloatingPoint.Type: return "a number"
  case is any ListType.Type: return "a list"
  case is any Options.Type, is LuaTable.Type: return "a table"
  case is LuaFunction.Type: return "a function"
  case let wished as any Wished.Type: return wished.wish
  case let object as any LuaObject.Type: return article(object.luaName)
  default: return article(String("\(type)".split(separator: " ").last ?? ""))
  }
}

func article(_ noun: String) -> String {
  ("AEIOUaeiou".contains(noun.prefix(1)) ? "an " : "a ") + noun
}
