import Tensors
import Testing

@testable import Files

/// Files that scripts/fixtures/torch_files.py made with PyTorch, and hostile ones.
struct PyTorchFileTests {
  private func path(_ name: String) -> String { fixture("../torch/" + name) }

  /// Every number of a file, as text that two readings can be compared by.
  private func read(_ path: String) throws -> [String: Tensor] {
    let file = try PyTorchFile(path)
    return try file.tensors(in: file.root)
  }

  @Test func readsEveryTypeOfNumber() throws {
    let tensors = try read(path("kinds.pt"))
    #expect(tensors.count == 10)
    for (name, tensor) in tensors {
      #expect(tensor.shape == [2, 3, 4])
      switch name {
      case "uint8": #expect(tensor.values == signed.map { $0 + 5 })
      case "bool": #expect(tensor.values == (0..<24).map { $0 % 2 == 0 ? 1 : 0 })
      default: #expect(tensor.values == signed, "\(name)")
      }
    }
  }

  @Test func readsViewsOfSharedStorages() throws {
    let tensors = try read(path("views.pt"))
    func values(_ name: String, _ shape: [Int]) throws -> [Float] {
      let tensor = try #require(tensors[name])
      #expect(tensor.shape == shape, "\(name)")
      return tensor.values
    }
    #expect(try values("whole", [2, 3, 4]) == signed)
    var transposed: [Float] = []
    for k in 0..<4 { for j in 0..<3 { for i in 0..<2 { transposed.append(signed[i * 12 + j * 4 + k]) } } }
    #expect(try values("transposed", [4, 3, 2]) == transposed)
    #expect(try values("row", [3, 4]) == Array(signed[12...]))
    #expect(try values("column", [2]) == [signed[6], signed[18]])
    #expect(try values("stepped", [5]) == [3, 8, 13, 18, 23].map { signed[$0] })
    #expect(try values("repeated", [4, 3]) == [Float](repeating: 2.5, count: 12))
    #expect(try values("scalar", []) == [-1.5])
    #expect(try values("empty", [0, 3]) == [])
    #expect(try values("parameter", [3, 4]) == Array(signed[..<12]))
    #expect(try read(path("good.pt"))[""]?.values == [0, 2, 1, 3])
  }

  @Test(arguments: ["values.pt", "protocol4.pt"]) func readsWhatIsNoTensor(_ name: String) throws {
    let file = try PyTorchFile(path(name))
    let root = file.root
    func text(_ key: String) throws -> String { "\(try #require(root[key]))" }
    #expect(try text("epoch") == "int(3000)")
    #expect(try text("big") == "int(1099511627776)")
    #expect(try text("negative") == "int(-7)")
    #expect(try text("rate") == "double(0.001)")
    #expect(try text("numpy") == "double(0.5)")
    #expect(try text("flag") == "bool(true)")
    #expect(try text("nothing") == "none")
    #expect(try text("raw") == "bytes([0, 255])")
    #expect(try text("7") == "string(\"seven\")")
    guard case .string("état")? = root["name"], case .list(let sizes)? = root["size"], case .int(1)? = root["ordered"]?["a"] else {
      Issue.record("name, size or ordered differ")
      return
    }
    #expect(sizes.count == 2)
    let model = try file.tensors(in: #require(root["model"]))
    #expect(model.keys.sorted() == ["0.bias", "0.weight", "1.bias", "1.weight"])
    #expect(model["0.weight"]?.values == [Float](repeating: 0.25, count: 6))
  }

  @Test(arguments: [
    ("hostile.pt", "posix.system is not allowed"), ("hostile4.pt", "posix.system is not allowed"), ("evaluated.pt", "builtins.eval is not allowed"),
    ("legacy.pt", "PyTorch before 1.6"), ("inside_itself.pt", "inside itself"), ("deep.pt", "deeper than 64"), ("doubling.pt", "beyond a million values"),
    ("underflow.pt", "stack is empty"), ("memo.pt", "memo has no entry 5"), ("past_the_end.pt", "reaches past its storage of 4 elements"),
    ("negative_offset.pt", "offset -1 is impossible"), ("absurd_shape.pt", "is impossible"), ("repeated_too_often.pt", "beyond all measure"),
    ("absurd_storage.pt", "has 16 bytes"), ("no_storage.pt", "has no entry 'archive/data/9'"), ("compressed.pt", "is compressed"),
  ]) func refuses(_ name: String, _ why: String) {
    let text = message { _ = try read(path(name)) }
    #expect(text.contains(why) && text.contains(name), "\(text)")
  }

  @Test func refusesDamagedFiles() throws {
    let bytes = try readBytes(path("views.pt"))
    let stored = try #require(signed[3...6].withUnsafeBytes { wanted in (0..<bytes.count - 16).first { Array(bytes[$0..<$0 + 16]) == Array(wanted) } })
    var flipped = bytes
    flipped[stored] ^= 1
    try withFolder { folder in
      for (damaged, why) in [(flipped, "CRC"), (Array(bytes[..<(bytes.count / 2)]), "truncated"), ([], "no zip archive")] {
        try writeQuickly(damaged, to: folder + "/a.pt")
        let text = message { _ = try PyTorchFile(folder + "/a.pt") }
        #expect(text.contains(why) && text.contains("a.pt"), "\(text)")
      }
    }
  }

  @Test func depthCostsNoStack() {
    let bytes: [UInt8] = [0x80, 2] + [UInt8](repeating: 0x5d, count: 1_000_000) + [UInt8](repeating: 0x61, count: 999_999) + [0x2e]
    let text = message {
      var pickle = Pickle(bytes, label: "deep")
      var left = 1_000_000
      let value = try pickle.read()
      _ = try pickle.tree(value, depth: 0, left: &left)
    }
    #expect(text.contains("deeper than 64"))
  }

  /// Whatever the bytes, a value or a thrown error.
  @Test func survivesMutations() throws {
    var random = RandomStream(seed: 11)
    var thrown = 0
    let originals = try ["values.pt", "views.pt", "protocol4.pt", "good.pt"].map { try readBytes(path($0)) }
    try withFolder { folder in
      for round in 0..<300 {
        let file = folder + "/\(round).pt"
        try writeQuickly(mutate(originals[round % originals.count], using: &random), to: file)
        do { _ = try read(file) } catch {
          thrown += 1
          #expect(error is UsageError)
        }
      }
    }
    // The zip's checksums do not stand before these.
    let pickled = try originals.map { bytes in
      try withFolder { folder in
        try writeQuickly(bytes, to: folder + "/a.pt")
        let archive = try ZipReader(folder + "/a.pt")
        let entry = try #require(archive.entries.first { $0.name.hasSuffix("data.pkl") })
        var content = [UInt8](repeating: 0, count: entry.size)
        try content.withUnsafeMutableBytes { try archive.open(entry, "a").read(into: $0) }
        return content
      }
    }
    for round in 0..<3000 {
      do {
        var pickle = Pickle(mutate(pickled[round % pickled.count], using: &random), label: "mutated")
        var left = 1_000_000
        let value = try pickle.read()
        _ = try pickle.tree(value, depth: 0, left: &left)
      } catch {
        thrown += 1
        #expect(error is UsageError)
      }
    }
    #expect(thrown > 300)
  }
}
