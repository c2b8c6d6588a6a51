import Files
import Tensors

/// Episodes that an HDF5 file keeps in a group each, read one after the other into arrays of all steps.
struct GroupedEpisodes {
  let file: HDF5File
  /// The groups, and how many of their steps are read.
  let parts: [(group: String, steps: Int)]
  var count: Int { parts.reduce(0) { $0 + $1.steps } }

  /// Steps of each group, by the rows of its actions.
  static func lengths(_ file: HDF5File, _ groups: [String]) throws -> [Int] {
    try groups.map { group in
      guard let steps = try shape(file, group, "actions").first else { throw UsageError("'\(file.path)': '\(group)/actions' is a single number, wanted [steps, size]") }
      return steps
    }
  }

  static func shape(_ file: HDF5File, _ group: String, _ key: String) throws -> [Int] {
    if let shape = try file.shape(group + "/" + key) { return shape }
    let names = try file.kind(group) == .group ? file.members(group).map(\.name).joined(separator: ", ") : "nothing"
    throw UsageError("'\(file.path)': '\(group)' has no array '\(key)'; it has \(names)")
  }

  /// [steps]; an episode's array may be longer by `extra` rows, of which the first are passed over.
  func column(_ key: String, extra: Int = 0) throws -> Tensor {
    try Tensor.filled([count]) { target in
      var row = 0
      for (group, steps) in parts {
        let shape = try Self.shape(file, group, key), actions = try Self.shape(file, group, "actions")
        let more = (shape.first ?? 0) - (actions.first ?? 0)
        guard 0...extra ~= more, shape.dropFirst().allSatisfy({ $0 == 1 }) else {
          throw UsageError("'\(file.path)': '\(group)/\(key)' has shape \(shape), wanted [\(actions.first ?? 0)] as the actions")
        }
        if steps > 0 { try file.read(group + "/" + key, rows: more..<more + steps, into: target + row) }
        row += steps
      }
    }
  }

  func flags(_ key: String, extra: Int = 0) throws -> [Bool] {
    do { return try DataSet.flags(column(key, extra: extra), key) } catch let error as UsageError where !error.description.contains(file.path) {
      throw UsageError("'\(file.path)': \(error)")
    }
  }

  /// The arrays `keys` side by side, [steps, numbers of all together]; each has at least as many rows as the actions.
  func matrix(_ keys: [String]) throws -> Tensor {
    try rows(keys, count: count) { part, _ in 0..<part.steps }
  }

  /// What stands after each episode's last step, [episodes, numbers]: row `steps + after`; nil where an episode has none there.
  func afterLast(_ keys: [String], after: Int = 0) throws -> Tensor? {
    for (group, steps) in parts {
      for key in keys where try (file.shape(group + "/" + key)?.first ?? 0) <= steps + after { return nil }
    }
    return try rows(keys, count: parts.count) { part, _ in part.steps + after..<part.steps + after + 1 }
  }

  private func rows(_ keys: [String], count: Int, _ wanted: ((group: String, steps: Int), Int) -> Range<Int>) throws -> Tensor {
    let shapes = try keys.map { try Self.shape(file, parts[0].group, $0) }
    guard shapes.allSatisfy({ !$0.isEmpty }) else { throw UsageError("'\(file.path)': '\(parts[0].group)' holds single numbers, wanted [steps, size]") }
    let widths = shapes.map { $0.dropFirst().reduce(1, *) }
    let width = widths.reduce(0, +)
    try Tensor.check([count, width])
    return try Tensor.filled([count, width]) { target in
      var row = 0
      for (index, part) in parts.enumerated() {
        let rows = wanted(part, index)
        var column = 0
        for (key, (shape, own)) in zip(keys, zip(shapes, widths)) {
          let here = try Self.shape(file, part.group, key)
          guard here.dropFirst() == shape.dropFirst(), here.first ?? 0 >= rows.upperBound else {
            throw UsageError("'\(file.path)': '\(part.group)/\(key)' has shape \(here), wanted \([max(rows.upperBound, part.steps)] + shape.dropFirst())")
          }
          if own == width {
            try file.read(part.group + "/" + key, rows: rows, into: target + row * width)
          } else {
            let piece = try file.tensor(part.group + "/" + key, rows: rows)
            piece.withPointer { values in
              for i in 0..<rows.count { (target + (row + i) * width + column).update(from: values + i * own, count: own) }
            }
          }
          column += own
        }
        row += rows.count
      }
    }
  }

  /// The paths of the observation's arrays below `name`: those chosen, or the only one.
  func observationPaths(_ name: String, _ chosen: [String]?) throws -> [String] {
    let group = parts[0].group
    guard try file.kind(group + "/" + name) == .group else {
      _ = try Self.shape(file, group, name)
      guard chosen == nil else { throw UsageError("'\(file.path)': '\(group)/\(name)' is one array; obs_keys choose among several") }
      return [name]
    }
    let leaves = try leaves(group + "/" + name, "", depth: 0)
    if let chosen {
      guard !chosen.isEmpty else { throw UsageError("obs_keys want at least one name") }
      for key in chosen where !leaves.contains(where: { $0.name == key }) {
        throw UsageError("'\(file.path)': '\(group)/\(name)' has no array '\(key)'; it has \(leaves.map(\.text).joined(separator: ", "))")
      }
      return chosen.map { name + "/" + $0 }
    }
    guard leaves.count == 1 else {
      let list = leaves.map(\.text).joined(separator: ", ")
      throw UsageError("'\(file.path)': an observation has \(leaves.count) parts, \(list); obs_keys says which of them, in which order")
    }
    return [name + "/" + leaves[0].name]
  }

  private func leaves(_ group: String, _ prefix: String, depth: Int) throws -> [(name: String, text: String)] {
    try file.members(group).flatMap { member -> [(name: String, text: String)] in
      let name = prefix + member.name
      switch member.kind {
      case .group where depth < 8: return try leaves(group + "/" + member.name, name + "/", depth: depth + 1)
      case .array(let array) where array.holdsNumbers: return [(name, "\(name) \((array.shape ?? []).dropFirst().map { $0 })")]
      default: return []
      }
    }
  }
}
