import Files
import FoundationEssentials
import Tensors

/// A folder with weights.safetensors and config.json, which says what the weights are; it appears whole or not at all.
public enum Checkpoint {
  /// What this program writes at most; it reads this and every lower one. 2: some tensors have files of their own.
  public static let version = 2

  private static let format = "dsrl-lua"
  private static let weightsFile = "weights.safetensors"
  private static let configFile = "config.json"

  private struct Sidecar<Config: Codable>: Codable {
    var format: String
    var version: Int
    var kind: String
    /// Tensors that lie in "<name>.safetensors".
    var files: [String]?
    var config: Config
  }

  /// Writes `tensors` and `config` to `folder`, in place of what is there; `kind` tells a policy's checkpoint from an agent's.
  ///
  /// Tensors named `apart`.something have files of their own; those that `previous`, an older checkpoint, has just so are not written again.
  public static func write(
    _ tensors: [NamedTensor], kind: String, config: some Codable, apart: String? = nil, previous: String? = nil, to folder: String
  ) throws {
    func isApart(_ tensor: NamedTensor) -> Bool { apart.map { tensor.name.hasPrefix($0 + ".") } ?? false }
    let large = tensors.filter(isApart)
    let sidecar = Sidecar(
      format: format, version: apart == nil ? 1 : version, kind: kind, files: apart == nil ? nil : large.map(\.name), config: config)
    let text = try JSON.encode(sidecar)
    try AtomicFile.replaceFolder(folder) { temporary in
      for tensor in large {
        let file = tensor.name + ".safetensors"
        try Safetensors.write([(tensor.name, tensor.tensor)], to: temporary + "/" + file, sharing: (previous ?? folder) + "/" + file)
      }
      try Safetensors.write(tensors.filter { !isApart($0) }.map { ($0.name, $0.tensor) }, to: temporary + "/" + weightsFile)
      try AtomicFile.write(text, to: temporary + "/" + configFile)
    }
  }

  /// Reads what `write` left. Throws, saying which, for a file, key or tensor of `required` that is missing, another kind, and a version newer
  /// than this program's or older than `oldest`.
  public static func read<Config: Codable>(
    _ folder: String, kind: String, config: Config.Type, requiring required: [String] = [], oldest: Int = 1
  ) throws -> (tensors: [String: Tensor], config: Config) {
    let found = try head(folder)
    guard found.kind == kind else { throw UsageError("'\(folder)' holds a checkpoint of kind '\(found.kind)', wanted '\(kind)'") }
    let sidecar = try sidecar(folder, found.version, config, oldest: oldest)
    var tensors = try Safetensors.read(folder + "/" + weightsFile).tensors
    for name in sidecar.files ?? [] {
      guard !name.isEmpty, !name.hasPrefix("."), !name.contains("/") else { throw UsageError("'\(folder)/\(configFile)' names a file '\(name)', wanted a plain name") }
      let path = "\(folder)/\(name).safetensors"
      guard FileManager.default.fileExists(atPath: path) else { throw UsageError("'\(folder)' is not whole: it lacks \(name).safetensors") }
      guard let tensor = try Safetensors.read(path).tensors[name] else { throw UsageError("'\(path)' lacks \(name)") }
      tensors[name] = tensor
    }
    let missing = required.filter { tensors[$0] == nil }
    guard missing.isEmpty else { throw UsageError("'\(folder)/\(weightsFile)' lacks \(listed(missing))") }
    return (tensors, sidecar.config)
  }

  /// What `write` was told beside tensors, without reading these; throws as `read` does.
  public static func config<Config: Codable>(_ folder: String, _ config: Config.Type, oldest: Int = 1) throws -> (kind: String, config: Config) {
    let found = try head(folder)
    return (found.kind, try sidecar(folder, found.version, config, oldest: oldest).config)
  }

  /// The kind of a checkpoint, after checking that both files are there and of a version that can be read.
  public static func kind(_ folder: String) throws -> String { try head(folder).kind }

  private static func sidecar<Config: Codable>(_ folder: String, _ version: Int, _ config: Config.Type, oldest: Int) throws -> Sidecar<Config> {
    let path = folder + "/" + configFile
    guard version >= oldest else { throw UsageError("'\(path)' has version \(version); its kind is read from version \(oldest) on") }
    return try JSON.decode(Sidecar<Config>.self, from: try readBytes(path), source: path)
  }

  private static func head(_ folder: String) throws -> (kind: String, version: Int) {
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
    return (kind, Int(written))
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
