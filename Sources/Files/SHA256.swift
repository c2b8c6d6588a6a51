import CCrypto
import Tensors

/// SHA-256 (FIPS 180-4) by OpenSSL's libcrypto, as 64 hexadecimal digits.
public enum SHA256 {
  public static func hex(_ bytes: [UInt8]) throws -> String {
    var digest = [UInt8](repeating: 0, count: 32)
    let done = bytes.withUnsafeBytes { EVP_Digest($0.baseAddress, $0.count, &digest, nil, EVP_sha256(), nil) }
    guard done == 1 else { throw UsageError("this system's libcrypto does not offer SHA-256") }
    return digest.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
  }
  public static func hex(file path: String) throws -> String { try hex(try readBytes(path)) }
}
