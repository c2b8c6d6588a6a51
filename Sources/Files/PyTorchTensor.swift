import Tensors

/// Numbers that tensors of one file share.
struct PyTorchStorage: Sendable {
  /// The name of its entry: archive/data/KEY.
  let key: String
  let type: ElementType
  let count: Int
}

/// A tensor as a file describes it: a strided view of a storage, whose numbers are not read yet.
public struct PyTorchTensor: Sendable {
  public let shape: [Int]
  let storage: PyTorchStorage
  /// In elements.
  let offset: Int
  let strides: [Int]
  let count: Int

  /// Throws, by `fault`, unless every element lies in the storage.
  init(_ storage: PyTorchStorage, offset: Int, shape: [Int], strides: [Int], fault: (String) -> UsageError) throws {
    guard shape.count == strides.count, shape.count <= 64, let bytes = storage.type.byteCount(shape), strides.allSatisfy({ $0 >= 0 }), offset >= 0 else {
      throw fault("a tensor of shape \(shape), strides \(strides) and offset \(offset) is impossible")
    }
    count = bytes / storage.type.size
    if count > 0 {
      var last = offset
      var overflow = false
      for (size, stride) in zip(shape, strides) {
        let (reach, tooFar) = (size - 1).multipliedReportingOverflow(by: stride)
        let (sum, beyond) = last.addingReportingOverflow(reach)
        (last, overflow) = (sum, overflow || tooFar || beyond)
      }
      guard !overflow, last < storage.count else {
        throw fault("a tensor of shape \(shape), strides \(strides) and offset \(offset) reaches past its storage of \(storage.count) elements")
      }
    }
    (self.storage, self.offset, self.shape, self.strides) = (storage, offset, shape, strides)
  }

  /// Its elements are the whole storage in order.
  var isWhole: Bool {
    guard offset == 0, count == storage.count else { return false }
    var wanted = 1
    for (size, stride) in zip(shape, strides).reversed() where size != 1 {
      guard stride == wanted else { return false }
      wanted *= size
    }
    return true
  }

  /// The elements in row-major order, picked from the storage's.
  func gather(_ source: [Float], into target: UnsafeMutablePointer<Float>) {
    eachPlace(shape, strides: strides, from: offset) { i, place in target[i] = source[place] }
  }
}
