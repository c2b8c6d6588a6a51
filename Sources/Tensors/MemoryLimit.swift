import Glibc
import Synchronization

private let limit = Atomic<Int>(Tensor.usableMemory)

extension Tensor {
  /// Nine tenths of the machine's memory, in bytes.
  public static let usableMemory = sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE)) / 10 * 9

  /// Bytes that all tensors together may hold; a tensor of more than a mebibyte that would go beyond is refused.
  public static var memoryLimit: Int { limit.load(ordering: .relaxed) }
  public static func limitMemory(to bytes: Int) { limit.store(bytes, ordering: .relaxed) }
}
