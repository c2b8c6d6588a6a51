import Files
import NeuralNets
import Tensors

/// What two trainings have in common where one can go on with the other's state.
struct FittingIdentity: Codable, Equatable {
  var options: DiffusionPolicy.Training
  var network: DiffusionPolicy.Config
  /// SHA-256 of the rows, the chunks and the episodes.
  var data: String

  init(_ policy: DiffusionPolicy, _ chunks: ActionChunks, _ options: DiffusionPolicy.Training) throws {
    (self.options, network) = (options, policy.config)
    let numbers = chunks.starts + chunks.episodes.flatMap { [$0.lowerBound, $0.upperBound] }
    let parts = [bytes(chunks.observations), bytes(chunks.actions), numbers.withUnsafeBytes { Array($0) }]
    data = try SHA256.hex(Array(try parts.map { try SHA256.hex($0) }.joined(separator: " ").utf8))
  }

  /// SHA-256 of all of it and of the weights that a training begins with.
  func fingerprint(of weights: [NamedTensor]) throws -> String {
    let hashes = try weights.map { try SHA256.hex(bytes($0.tensor)) }
    return try SHA256.hex(Array((try JSON.encode(self) + hashes.joined(separator: " ")).utf8))
  }

  /// "options.epochs is 20 there and 40 here", one for each difference from `other`, which is "here".
  func differences(from other: FittingIdentity) throws -> [String] {
    try JSON(parsing: JSON.encode(self)).differences(from: JSON(parsing: JSON.encode(other)), at: "")
  }
}

/// The numbers' bytes.
func bytes(_ tensor: Tensor) -> [UInt8] { tensor.values.withUnsafeBytes { Array($0) } }

extension JSON {
  fileprivate func differences(from other: JSON, at path: String) -> [String] {
    guard case .object(let mine) = self, case .object(let theirs) = other else {
      guard self != other else { return [] }
      let words = [self, other].map { $0.text.count > 40 ? "another" : $0.text }
      return ["\(path) is \(words[0]) there and \(words[1]) here"]
    }
    return Set(mine.keys).union(theirs.keys).sorted().flatMap { key in
      let word = key.reduce("") { $0 + ($1.isUppercase ? "_" + $1.lowercased() : String($1)) }
      return (mine[key] ?? .null).differences(from: theirs[key] ?? .null, at: path.isEmpty ? word : path + "." + word)
    }
  }
}
