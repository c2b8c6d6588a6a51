import FoundationEssentials
import Tensors

/// A JSON value (RFC 8259) whose form is not known beforehand.
public indirect enum JSON: Codable, Equatable, Sendable {
  case null
  case bool(Bool)
  case number(Double)
  case string(String)
  case array([JSON])
  case object([String: JSON])

  /// Reads one value; throws what is wrong, naming `source`, for text that is no JSON or nests more than 64 deep.
  public init(parsing text: String, source: String = "text") throws {
    self = try JSON.decode(JSON.self, from: Array(text.utf8), source: source)
  }
  public init(file path: String) throws { self = try JSON.decode(JSON.self, from: try readBytes(path), source: path) }

  /// Decodes any type; every error is a sentence that names `source`.
  public static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8], source: String) throws -> Value {
    guard depth(bytes) <= 64 else { throw UsageError("'\(source)' nests more than 64 deep") }
    do {
      return try JSONDecoder().decode(type, from: Data(bytes))
    } catch let error as DecodingError {
      throw UsageError("'\(source)' is not the JSON that was wanted: \(sentence(error))")
    }
  }

  /// Encodes any type, keys sorted, two spaces of indent.
  public static func encode(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return String(decoding: try encoder.encode(value), as: UTF8.self) + "\n"
  }

  // MARK: Taking apart

  /// The member `key` of an object; nil for everything else.
  public subscript(key: String) -> JSON? { if case .object(let members) = self { members[key] } else { nil } }
  public var number: Double? { if case .number(let value) = self { value } else { nil } }
  public var string: String? { if case .string(let value) = self { value } else { nil } }
  public var array: [JSON]? { if case .array(let value) = self { value } else { nil } }

  // MARK: Printing

  /// On one line, keys sorted; numbers in the fewest digits that read back the same, and null for NaN and infinities, which JSON lacks.
  public var text: String {
    switch self {
    case .null: "null"
    case .bool(let value): value ? "true" : "false"
    case .number(let value): JSON.print(value)
    case .string(let value): JSON.quoted(value)
    case .array(let values): "[" + values.map(\.text).joined(separator: ", ") + "]"
    case .object(let members):
      "{" + members.sorted { $0.key < $1.key }.map { JSON.quoted($0.key) + ": " + $0.value.text }.joined(separator: ", ") + "}"
    }
  }

  /// The fewest digits that read back as `value`; "null" where it is not finite.
  static func print(_ value: Double) -> String {
    guard value.isFinite else { return "null" }
    if value == value.rounded(), abs(value) < 1e15, !(value == 0 && value.sign == .minus) { return String(Int(value)) }
    return "\(value)"
  }

  static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }

  // MARK: Codable

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = Self.attempt({ try container.decode(Bool.self) }) {
      self = .bool(value)
    } else if let value = Self.attempt({ try container.decode(Double.self) }) {
      self = .number(value)
    } else if let value = Self.attempt({ try container.decode(String.self) }) {
      self = .string(value)
    } else if let keys = Self.attempt({ try decoder.container(keyedBy: Key.self) }) {
      self = .object(Dictionary(uniqueKeysWithValues: try keys.allKeys.map { ($0.stringValue, try keys.decode(JSON.self, forKey: $0)) }))
    } else {
      self = .array(try container.decode([JSON].self))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .bool(let value): try container.encode(value)
    case .number(let value) where value == value.rounded() && abs(value) < 1e15: try container.encode(Int(value))
    case .number(let value): try container.encode(value)
    case .string(let value): try container.encode(value)
    case .array(let values): try container.encode(values)
    case .object(let members): try container.encode(members)
    }
  }

  /// Any string is a key.
  struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  /// The decoder says which kind a value has only by failing for every other.
  private static func attempt<Value>(_ body: () throws -> Value) -> Value? {
    do { return try body() } catch { return nil }
  }

  // MARK: Errors

  private static func depth(_ bytes: [UInt8]) -> Int {
    var (depth, deepest, quoted, escaped) = (0, 0, false, false)
    for byte in bytes {
      if escaped {
        escaped = false
      } else if quoted {
        if byte == UInt8(ascii: "\\") { escaped = true } else if byte == UInt8(ascii: "\"") { quoted = false }
      } else if byte == UInt8(ascii: "\"") {
        quoted = true
      } else if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
        depth += 1
        deepest = max(deepest, depth)
      } else if byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]") {
        depth -= 1
      }
    }
    return deepest
  }

  private static func sentence(_ error: DecodingError) -> String {
    let (context, what): (DecodingError.Context, String) =
      switch error {
      case .keyNotFound(let key, let context): (context, "'\(key.stringValue)' is missing")
      case .typeMismatch(let type, let context): (context, "wanted \(type)")
      case .valueNotFound(let type, let context): (context, "wanted \(type), got null")
      case .dataCorrupted(let context): (context, context.debugDescription)
      @unknown default: (DecodingError.Context(codingPath: [], debugDescription: ""), "\(error)")
      }
    let path = context.codingPath.map(\.stringValue).joined(separator: ".")
    return path.isEmpty ? what : "\(what) at '\(path)'"
  }
}
