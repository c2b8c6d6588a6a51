import Tensors

/// How the critics' values become one.
public enum HeadCombination: String, Codable, CaseIterable, Sendable {
  case min, mean
  /// mean - ρ std over the heads, std with divisor n.
  case meanMinusStd = "mean_minus_std"
  /// In targets the least of a few heads, drawn anew for each batch; elsewhere the mean (Chen et al. 2021, REDQ).
  case minOfSubset = "min_of_subset"
}

extension CriticOptions {
  /// [heads, n] -> [n], for the actor and for choosing.
  func combined(_ values: Tensor) throws -> Tensor {
    switch criticBackupCombine {
    case .min: return try values.min(0)
    case .mean, .minOfSubset: return try values.mean(0)
    case .meanMinusStd:
      let std = try (values.variance(0, correction: 0) + 1e-12).sqrt()
      return try values.mean(0) - criticStdWeight * std
    }
  }

  /// [heads, n] -> [n], for the targets.
  func combinedTarget(_ values: Tensor, using stream: inout RandomStream) throws -> Tensor {
    guard criticBackupCombine == .minOfSubset else { return try combined(values) }
    let heads = try Tensor.permutation(values.shape[0], using: &stream).prefix(criticSubset)
    return try values.indexSelect(0, Array(heads)).min(0)
  }
}
