/// One name that a script can use. Help, completion, editor stubs and the reference page are made of these.
public struct RegistryEntry {
  public enum Kind: String, Sendable { case module, function, value, type, method, property, metamethod }

  /// "dsrl.env.make", "Tensor:reshape", "Tensor.shape".
  public let name: String
  public let kind: Kind
  /// Of functions "(id: string) -> Environment", of values and properties their type.
  public let signature: String
  public let doc: String
  /// What its table of options may hold.
  public let options: (any Options.Type)?

  init(name: String, kind: Kind, signature: String, doc: String, options: (any Options.Type)? = nil) {
    self.name = name
    self.kind = kind
    self.signature = signature
    self.doc = doc
    self.options = options
  }

  /// "make" of "dsrl.env.make".
  public var shortName: String { String(name[(separator.map { name.index(after: $0) } ?? name.startIndex)...]) }
  /// "dsrl.env" of "dsrl.env.make"; empty at the root.
  public var owner: String { separator.map { String(name[..<$0]) } ?? "" }

  private var separator: String.Index? { name.lastIndex { $0 == "." || $0 == ":" } }
}

/// Every name that a script can use, in the order of declaration.
public struct Registry {
  public private(set) var entries: [RegistryEntry] = []
  private var places: [String: Int] = [:]
  /// By the names of functions: options beside those of their `Options` types, what may be written, examples.
  var documented: [String: [OptionHelp]] = [:]
  var choices: [String: [String]] = [:]
  public internal(set) var examples: [String: String] = [:]
  var optionDocs: [String: String] = [:]
  /// The function whose options another's table has, without its defaults.
  var alike: [String: String] = [:]
  var nested: [String: [(field: String, type: any Options.Type)]] = [:]
  var variants: [String: [(argument: String, type: any Options.Type)]] = [:]

  public func find(_ name: String) -> RegistryEntry? { places[name].map { entries[$0] } }
  public func members(of owner: String) -> [RegistryEntry] { entries.filter { $0.owner == owner } }
  /// The closest name to a misspelt one, if any is close.
  public func nearest(to name: String) -> RegistryEntry? { entries.map(\.name).nearest(to: name).flatMap(find) }

  mutating func add(_ entry: RegistryEntry) {
    precondition(places[entry.name] == nil, "\(entry.name) is declared twice")
    places[entry.name] = entries.count
    entries.append(entry)
  }
  mutating func replace(_ entry: RegistryEntry) {
    if let place = places[entry.name] { entries[place] = entry } else { add(entry) }
  }
}
