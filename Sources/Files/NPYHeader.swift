import Tensors

/// The first part of an npy array: what it holds and how it is laid out (numpy.lib.format, versions 1 to 3).
struct NPYHeader {
  var type: ElementType
  var shape: [Int]
  /// The first index runs fastest.
  var fortran = false

  var count: Int { shape.reduce(1, *) }
  /// Of the elements.
  var byteCount: Int { count * type.size }

  /// Reads a header; `label` names the array in errors. Returns its own length in bytes too.
  static func read(_ label: String, _ read: (Int) throws -> [UInt8]) throws -> (header: NPYHeader, length: Int) {
    let start = try read(8)
    guard Array(start.prefix(6)) == [0x93] + Array("NUMPY".utf8) else { throw UsageError("\(label) is not an npy array") }
    guard (1...3).contains(start[6]) else { throw UsageError("\(label): npy version \(start[6]) is unknown; versions 1 to 3 are read") }
    let sizeBytes = try read(start[6] == 1 ? 2 : 4)
    let size = sizeBytes.reversed().reduce(0) { $0 << 8 | Int($1) }
    guard size <= 1 << 20 else { throw UsageError("\(label): an npy header of \(size) bytes is too long") }
    let text = try read(size)
    var parser = Parser(label: label, bytes: text)
    return (try parser.header(), 8 + sizeBytes.count + size)
  }

  /// Version 1, padded so that the elements begin at a multiple of 64 bytes, as numpy does.
  func bytes(descr: String) -> [UInt8] {
    let sizes = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
    let text = "{'descr': '\(descr)', 'fortran_order': False, 'shape': (\(sizes)), }"
    let padding = (64 - (10 + text.utf8.count + 1) % 64) % 64
    let length = text.utf8.count + padding + 1
    let start: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(length & 255), UInt8(length >> 8)]
    return start + Array(text.utf8) + [UInt8](repeating: 0x20, count: padding) + [0x0a]
  }

  /// Reads the Python dictionary of three entries that a header is.
  private struct Parser {
    let label: String
    let bytes: [UInt8]
    var position = 0

    mutating func header() throws -> NPYHeader {
      var (type, shape, fortran): (ElementType?, [Int]?, Bool?) = (nil, nil, nil)
      try expect("{")
      while !skip("}") {
        let key = try quoted()
        try expect(":")
        switch key {
        case "descr": type = try element()
        case "shape": shape = try sizes()
        case "fortran_order": fortran = try flag()
        default: throw damaged("an entry '\(key)'")
        }
        if !skip(",") {
          try expect("}")
          break
        }
      }
      guard let type, let shape, let fortran else { throw damaged("no descr, shape or fortran_order") }
      guard type.byteCount(shape) != nil else { throw damaged("shape \(shape)") }
      return NPYHeader(type: type, shape: shape, fortran: fortran)
    }

    func damaged(_ what: String) -> UsageError { UsageError("\(label): its npy header is damaged (\(what))") }

    /// Steps over spaces, then over `character` if it comes next.
    mutating func skip(_ character: Unicode.Scalar) -> Bool {
      while position < bytes.count, bytes[position] == 0x20 || bytes[position] == 0x0a { position += 1 }
      guard position < bytes.count, UInt32(bytes[position]) == character.value else { return false }
      position += 1
      return true
    }
    mutating func expect(_ character: Unicode.Scalar) throws {
      guard skip(character) else { throw damaged("no '\(character)' at byte \(position)") }
    }
    mutating func quoted() throws -> String {
      let quote: UInt8 = skip("\"") ? 0x22 : 0x27
      if quote == 0x27 { try expect("'") }
      guard let end = bytes[position...].firstIndex(of: quote) else { throw damaged("an open string") }
      defer { position = end + 1 }
      return String(decoding: bytes[position..<end], as: UTF8.self)
    }
    /// The letters and digits that come next.
    mutating func word() -> String {
      let start = position
      while position < bytes.count, bytes[position].isWord { position += 1 }
      return String(decoding: bytes[start..<position], as: UTF8.self)
    }
    mutating func flag() throws -> Bool {
      _ = skip(" ")
      switch word() {
      case "True": return true
      case "False": return false
      default: throw damaged("fortran_order")
      }
    }
    mutating func sizes() throws -> [Int] {
      var sizes: [Int] = []
      try expect("(")
      while !skip(")") {
        var digits = word()
        if digits.hasSuffix("L") { digits.removeLast() }  // Python 2's
        guard let size = Int(digits), size >= 0 else { throw damaged("a size '\(digits)'") }
        sizes.append(size)
        if !skip(",") {
          try expect(")")
          break
        }
        _ = skip(" ")
      }
      guard sizes.count <= 64 else { throw damaged("\(sizes.count) dimensions") }
      return sizes
    }
    mutating func element() throws -> ElementType {
      guard !skip("[") else { throw UsageError("\(label) is a structured array; save each of its fields by itself") }
      let name = try quoted()
      if let type = NPYHeader.types[name] { return type }
      switch name.first {
      case ">" where name.count > 1:
        throw UsageError("\(label) is big-endian ('\(name)'); save it with a.astype(a.dtype.newbyteorder('<'))")
      default: break
      }
      let kinds: [Character: String] = ["O": "Python objects", "U": "text", "S": "bytes", "c": "complex numbers", "M": "dates", "m": "durations", "V": "records"]
      let what = name.lazy.compactMap { kinds[$0] }.first ?? "an unknown type"
      throw UsageError("\(label) holds \(what) ('\(name)'); numbers and booleans are read")
    }
  }

  private static let types: [String: ElementType] = [
    "|b1": .bool, "|u1": .uint8, "|i1": .int8, "<u1": .uint8, "<i1": .int8,
    "<u2": .uint16, "<u4": .uint32, "<u8": .uint64, "<i2": .int16, "<i4": .int32, "<i8": .int64,
    "<f2": .float16, "<f4": .float32, "<f8": .float64,
  ]
}

extension UInt8 {
  fileprivate var isWord: Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self & ~0x20)
  }
}
