/// One named option of a function, as help and completion show it.
public struct OptionHelp {
  /// "learning_rate"; of a nested table "network.hidden".
  public let name: String
  /// Its default as a script would write it; empty where there is none.
  public let value: String
  /// What may be written, where that is a list.
  public let choices: [String]
  /// What it is, with its unit.
  public let doc: String
}

extension Registry {
  /// Declares the options of a function that its `Options` type does not hold: their names with what they are.
  public mutating func document(_ name: String, options: KeyValuePairs<String, String>) {
    precondition(find(name) != nil, "\(name) is not declared")
    documented[name, default: []] += options.map { OptionHelp(name: $0, value: "", choices: [], doc: $1) }
  }

  /// Says that a type of options stands in a table of the function's table: "network" of dsrl.policy.diffusion.
  public mutating func document(_ name: String, nested field: String, _ type: any Options.Type) {
    nested[name, default: []].append((field, type))
  }

  /// Says which options a function's table has beside where its first argument is `argument`: "Ant-v5" of dsrl.env.make.
  public mutating func document(_ name: String, for argument: String, _ type: any Options.Type) {
    variants[name, default: []].append((argument, type))
  }

  /// Says that a function's table has the options of another's; their defaults are not its own.
  public mutating func document(_ name: String, optionsOf other: String) { alike[name] = other }

  /// What an option is, wherever a type of options has one of this name; under "dsrl.agent.sac.seed" for one function alone.
  public mutating func document(option name: String, _ doc: String) { optionDocs[name] = doc }

  /// Declares what may be written for a function's first argument, or under "dsrl.data.collect.env" for one of its options.
  public mutating func document(choices name: String, _ choices: [String]) { self.choices[name] = choices }

  /// A line or two that show a name at work.
  public mutating func document(example name: String, _ lines: String) {
    precondition(find(name) != nil, "\(name) is not declared")
    examples[name] = lines
  }

  /// Every option of a function, those of its own first. Throws where a type of options cannot be written down.
  public func options(of entry: RegistryEntry) throws -> [OptionHelp] {
    if let other = alike[entry.name].flatMap(find) {
      return try options(of: other).map { OptionHelp(name: $0.name, value: "", choices: $0.choices, doc: $0.doc) }
    }
    let own = (documented[entry.name] ?? []).map { option in
      OptionHelp(name: option.name, value: "", choices: choices["\(entry.name).\(option.name)"] ?? [], doc: option.doc)
    }
    let known = Set(own.map(\.name))
    let inner = nested[entry.name] ?? []
    var described = inner.isEmpty ? try entry.options?.init().described().map { ("", $0) } ?? [] : []
    for (field, type) in inner { described += try type.init().described().map { (field + ".", $0) } }
    return own + described.filter { !known.contains($0 + $1.name) }.map { prefix, option in
      let name = prefix + option.name
      let doc = optionDocs["\(entry.name).\(name)"] ?? optionDocs[option.name] ?? ""
      return OptionHelp(name: name, value: "\(option.value)", choices: option.choices, doc: doc)
    }
  }

  /// The arguments for which a function's table has further options.
  public func arguments(of entry: RegistryEntry) -> [String] { (variants[entry.name] ?? []).map(\.argument) }

  /// The options that a function's table has beside where its first argument is `argument`. Throws where a type of options cannot be written down.
  public func options(of entry: RegistryEntry, for argument: String) throws -> [OptionHelp] {
    guard let type = variants[entry.name]?.first(where: { $0.argument == argument })?.type else { return [] }
    return try type.init().described().map { option in
      let doc = optionDocs["\(entry.name).\(option.name)"] ?? optionDocs[option.name] ?? ""
      return OptionHelp(name: option.name, value: "\(option.value)", choices: option.choices, doc: doc)
    }
  }

  /// What may be written for the first argument of a function, or for one of its options: "dsrl.agent.sac.activation".
  public func choices(of name: String) throws -> [String] {
    if let choices = choices[name] { return choices }
    for entry in entries where (entry.options != nil || alike[entry.name] != nil) && name.hasPrefix(entry.name + ".") {
      let option = name.dropFirst(entry.name.count + 1)
      return try options(of: entry).first { $0.name == option }?.choices ?? []
    }
    return []
  }

  /// The entries that hold all of `words` in name or doc, those with them in the name first.
  public func search(_ words: [String]) throws -> [RegistryEntry] {
    let words = words.map { $0.lowercased() }
    func matches(_ text: String) -> Bool { words.allSatisfy(text.lowercased().contains) }
    let found = try entries.filter { entry in
      guard entry.kind != .metamethod else { return false }
      let options = try options(of: entry).map { "\($0.name) \($0.doc)" }.joined(separator: " ")
      return matches("\(entry.name) \(entry.signature) \(entry.doc) \(options)")
    }
    return found.filter { matches($0.name) } + found.filter { !matches($0.name) }
  }
}
