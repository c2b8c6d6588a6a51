import Files
import LuaBridge
import Tensors

/// The forms that tensors are kept in, by a file's ending.
private enum TensorFile: String, CaseIterable {
  case safetensors, npy, npz

  init(_ path: String) throws {
    guard !path.utf8.contains(0) else { throw UsageError("a path has no zero bytes") }
    guard let form = TensorFile.allCases.first(where: { path.lowercased().hasSuffix("." + $0.rawValue) }) else {
      throw UsageError("a file of tensors ends in .safetensors, .npy or .npz, got '\(path)'")
    }
    self = form
  }
}

extension LuaTable {
  /// The tensors in it and in the tables inside it, by names joined with dots; places of lists count from 1.
  func namedTensors(_ prefix: String = "") throws -> [(String, Tensor)] {
    let members = list.enumerated().map { ("\($0.offset + 1)", $0.element) } + fields.map { ($0.name, $0.value) }
    return try members.flatMap { name, value -> [(String, Tensor)] in
      guard !name.utf8.contains(0) else { throw LuaError("the names of tensors in a file have no zero bytes") }
      switch value {
      case .object(let object as Tensor): return [(prefix + name, object)]
      case .table(let table): return try table.namedTensors(prefix + name + ".")
      default: throw LuaError("'\(prefix + name)' must be a Tensor or a table of them, got \(value.brief)")
      }
    }
  }
}

/// The tensors of a file as Lua sees them.
private func table(_ tensors: [String: Tensor]) -> LuaValue {
  .table(LuaTable(tensors.sorted { $0.key < $1.key }.map { ($0.key, .object($0.value)) }))
}

extension Interpreter {
  /// dsrl.save and dsrl.load.
  func installFiles() {
    module("dsrl") { m in
      m.function("save", "(path: string, value: Tensor | table, metadata?: table)",
        "Writes tensors, whole or not at all, by the path's ending: .npy one tensor; .npz or .safetensors a table of names and tensors, tables inside it under names joined with dots; .safetensors with metadata, a table of texts.") {
        (path: String, value: LuaValue, metadata: [String: String]?) throws -> Void in
        let form = try TensorFile(path)
        guard metadata == nil || form == .safetensors else { throw UsageError("only .safetensors files hold metadata, got '\(path)'") }
        switch (form, value) {
        case (.npy, .object(let object as Tensor)): try NPY.write(object, to: path)
        case (.npy, _): throw LuaError("a .npy file holds one Tensor, got \(value.brief); .npz and .safetensors hold tables of them")
        case (.npz, .table(let table)): try NPZ.write(table.namedTensors(), to: path)
        case (.safetensors, .table(let table)): try Safetensors.write(table.namedTensors(), metadata: metadata ?? [:], to: path)
        default: throw LuaError("a .\(form.rawValue) file holds a table of names and tensors, got \(value.brief)")
        }
      }
      m.function("load", "(path: string) -> Tensor | table, table?",
        "The tensor of a .npy file; the table of names and tensors of a .npz or .safetensors file, of any program's making, and a .safetensors file's metadata. Every type of number becomes float32: float64 is rounded, integers are exact up to 2^24, booleans are 0 and 1.") {
        (path: String) throws -> LuaRest in
        switch try TensorFile(path) {
        case .npy: return LuaRest([.object(try NPY.read(path))])
        case .npz: return LuaRest([table(try NPZ.read(path))])
        case .safetensors:
          let (tensors, metadata) = try Safetensors.read(path)
          return LuaRest([table(tensors), .table(LuaTable(metadata.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))])
        }
      }
    }
  }
}
