extension String {
  /// Levenshtein distance.
  func distance(to other: String) -> Int {
    let target = Array(other)
    var row = Array(0...target.count)
    for (i, a) in enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, b) in target.enumerated() {
        let replaced = diagonal + (a == b ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = Swift.min(diagonal + 1, row[j] + 1, replaced)
      }
    }
    return row[target.count]
  }
}

extension Sequence where Element == String {
  /// The likeliest right spelling, if one is less than four edits away and not all of the word is different.
  public func nearest(to name: String) -> String? {
    let candidates = map { ($0, name.distance(to: $0)) }
    guard let best = candidates.min(by: { $0.1 < $1.1 }), best.1 < 4, best.1 < Swift.max(name.count, best.0.count) else { return nil }
    return best.0
  }
}

/// " (did you mean 'x'?)", or the choices.
func suggestion(_ near: String?, otherwise valid: [String]) -> String {
  if let near { return " (did you mean '\(near)'?)" }
  return valid.isEmpty ? "" : " (valid: \(valid.joined(separator: ", ")))"
}

/// The error about an option that does not exist.
func unknownOption(_ name: String, path: [String], valid: [String]) -> LuaError {
  let full = (path + [name]).joined(separator: ".")
  return LuaError("unknown option '\(full)'" + suggestion(valid.nearest(to: name), otherwise: valid))
}

/// learningRate -> learning_rate. The one place where Swift's names become Lua's.
public func snakeCase(_ name: String) -> String {
  var result = ""
  for character in name {
    if character.isUppercase { result += "_" + character.lowercased() } else { result.append(character) }
  }
  return result
}

/// learning_rate -> learningRate.
func camelCase(_ name: String) -> String {
  let words = name.split(separator: "_", omittingEmptySubsequences: false)
  return words.dropFirst().reduce(String(words.first ?? "")) { $0 + $1.prefix(1).uppercased() + $1.dropFirst() }
}
