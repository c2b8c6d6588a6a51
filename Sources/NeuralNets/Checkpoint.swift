import Files
import FoundationEssentials
import Tensors

/// A folder with weights.safetensors and config.json, which says what the weights are; it appears whole or not at all.
public enum Checkpoint {
  /// What this program writes; it reads this and every lower one.
  public static let version = 1

  private static let format = "dsrl-lua"
  private static let weightsFile = "weights.safetensors"
  private static let configFile = "config.json"

  private struct Sidecar<Config: Codable>: Codable {
    var format: String
    var version: Int
    var kind: String
    var config: Config
  }

  /// Writes `tensors` and `config` to `folder`, in place of what is there; `kind` tells a policy's checkpoint from an agent's.
  public static func write(_ tensors: [NamedTensor], kind: String, config: some Codable, to folder: String) throws {
    let sidecar = Sidecar(format: format, version: version, kind: kind, config: config)
    let text = try JSON.encode(sidecar)
    try AtomicFile.replaceFolder(folder) { temporary in
      try Safetensors.write(tensors.map { ($0.name, $0.tensor) }, to: temporary + "/" + weightsFile)
      try AtomicFile.write(text, to: temporary + "/" + configFile)
    }
  }

  /// Reads what `write` left. Throws, saying which, for a file, key or tensor of `required` that is missing, another kind, or a newer version.
  public static func read<Config: Codable>(
    _ folder: String, kind: String, config: Config.Type, requiring required: [String] = []
  ) throws -> (tensors: [String: Tensor], config: Config) {
    let found = try self.kind(folder)
    guard found == kind else { throw UsageError("'\(folder)' holds a checkpoint of kind '\(found)', wanted '\(kind)'") }
    let path = folder + "/" + configFile
    let sidecar = try JSON.decode(Sidecar<Config>.self, from: try readBytes(path), source: path)

    let tensors = try Safetensors.read(folder + "/" + weightsFile).tensors
    let missing = required.filter { tensors[$0] == nil }
    guard missing.isEmpty else { throw UsageError("'\(folder)/\(weightsFile)' lacks \(listed(missing))") }
    return (tensors, sidecar.config)
  }

  /// The kind of a checkpoint, after checking that both files are there and of a version that can be read.
  public static func kind(_ folder: String) throws -> String {
    let missing = [configFile, weightsFile].filter { !FileManager.default.fileExists(atPath: folder + "/" + $0) }
    guard missing.isEmpty else { throw UsageError("'\(folder)' is not a checkpoint: it lacks \(listed(missing))") }

    let path = folder + "/" + configFile
    let json = try JSON(file: path)
    let absent = ["format", "version", "kind", "config"].filter { json[$0] == nil }
    guard absent.isEmpty else { throw UsageError("'\(path)' lacks \(listed(absent))") }
    guard json["format"]?.string == format else { throw UsageError("'\(path)' wants format '\(format)', got \(json["format"]?.text ?? "none")") }
    guard let written = json["version"]?.number, written >= 1, written == written.rounded() else {
      throw UsageError("'\(path)' wants a version from 1 to \(version), got \(json["version"]?.text ?? "none")")
    }
    guard written <= Double(version) else {
      throw UsageError("'\(path)' has version \(json["version"]?.text ?? "none"); this program reads up to \(version)")
    }
    guard let kind = json["kind"]?.string else { throw UsageError("'\(path)' wants a text as kind, got \(json["kind"]?.text ?? "none")") }
    return kind
  }
}

extension Array where Element == NamedTensor {
  /// The same tensors as one part of a checkpoint: "policy" makes "weight" "policy.weight".
  public func prefixed(_ prefix: String) -> [NamedTensor] { map { (name: prefix + "." + $0.name, tensor: $0.tensor) } }
}

extension Dictionary where Key == String, Value == Tensor {
  /// One part of a checkpoint, its prefix taken off; for DPPO's files "network".
  public func part(_ prefix: String) -> [String: Tensor] {
    var result: [String: Tensor] = [:]
    for (name, tensor) in self where name.hasPrefix(prefix + ".") { result[String(name.dropFirst(prefix.count + 1))] = tensor }
    return result
  }
}
