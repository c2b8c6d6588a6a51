/// Some rows of a product with a `PanelLinear`: where they lie, and which of the layer's inputs they hold.
struct PanelRows {
  let rows: Int
  let source: UnsafePointer<Float>
  /// From one row of the source to the next.
  let sourceStride: Int
  /// What the source holds; the other inputs are 0.
  let inputs: Range<Int>
  let result: UnsafeMutablePointer<Float>
  let resultStride: Int
}

extension PanelLinear {
  /// Inputs that are multiplied at a time where many rows share them: a panel for the nearest cache.
  private static let depth = 512

  /// Every piece's result = source · weights + bias, or is added to it; `bias` has room for whole panels.
  func multiply(_ pieces: [PanelRows], bias: UnsafePointer<Float>, adding: Bool = false) {
    switch precision {
    case .float32: multiply(pieces, bias, adding, Float32Panel.self)
    case .bfloat16: multiply(pieces, bias, adding, Bfloat16Panel.self)
    }
  }

  private func multiply<W: PanelWeights>(_ pieces: [PanelRows], _ bias: UnsafePointer<Float>, _ adding: Bool, _ kind: W.Type) {
    let whole = outputs / 16
    var panel = 0
    func tile(_ piece: PanelRows, _ part: Range<Int>) -> PanelTile {
      PanelTile(
        x: piece.source + (part.lowerBound - piece.inputs.lowerBound), xStride: piece.sourceStride, inputs: part.count,
        weights: weights.pointer + panel * panelBytes + part.lowerBound * W.bytes, bias: bias + panel * 16, result: piece.result + panel * 16,
        stride: piece.resultStride, adds: adding)
    }
    if !adding, pieces.allSatisfy({ $0.rows == 1 }) {
      while panel + 4 <= whole {
        for piece in pieces { oneRowFourPanels(tile(piece, piece.inputs), apart: panelBytes, kind) }
        panel += 4
      }
    }
    let depth = pieces.reduce(0) { $0 + $1.rows } > 12 ? PanelLinear.depth : inputs
    withUnsafeTemporaryAllocation(of: Float.self, capacity: 16) { zeros in
      zeros.initialize(repeating: 0)
      guard let nothing = zeros.baseAddress else { return }
      while panel < panels {
        let columns = Swift.min(16, outputs - panel * 16)
        for start in stride(from: 0, to: inputs, by: depth) {
          for piece in pieces {
            let part = piece.inputs.clamped(to: start..<start + depth)
            guard !part.isEmpty else { continue }
            var tile = tile(piece, part)
            if part.lowerBound > piece.inputs.lowerBound { (tile.bias, tile.adds) = (UnsafePointer(nothing), true) }
            if columns == 16 { panelRows(piece.rows, tile, kind) } else { narrowPanelRows(piece.rows, columns: columns, tile, kind) }
          }
        }
        panel += 1
      }
    }
  }
}

/// A linear layer in panels with its bias, for rows that lie one after the other.
struct PanelLayer: Sendable {
  let panels: PanelLinear
  let bias: PackedBuffer

  var inputs: Int { panels.inputs }
  var outputs: Int { panels.outputs }

  /// `weight` [outputs, inputs], `bias` [outputs]; throws for other shapes.
  init(weight: Tensor, bias: Tensor?) throws {
    guard weight.rank == 2, !weight.shape.contains(0) else { throw UsageError("a linear layer's weight has shape [outputs, inputs], got \(weight.shape)") }
    let outputs = weight.shape[0]
    if let bias, bias.shape != [outputs] { throw UsageError("wanted a bias of shape [\(outputs)], got \(bias.shape)") }
    panels = PanelLinear(weight: weight.values, inputs: weight.shape[1], outputs: outputs, precision: .float32)
    self.bias = PackedBuffer(bytes: (outputs + 15) / 16 * 64)
    bias?.withPointer { self.bias.floats.update(from: $0, count: outputs) }
  }
  init(_ layer: PackedResidualMLP.Layer) throws { try self.init(weight: layer.weight, bias: layer.bias) }

  /// result [rows, outputs] = x [rows, inputs] · weights + bias, or is added to it.
  func callAsFunction(_ rows: Int, _ x: UnsafePointer<Float>, _ result: UnsafeMutablePointer<Float>, adding: Bool = false) {
    let all = PanelRows(rows: rows, source: x, sourceStride: inputs, inputs: 0..<inputs, result: result, resultStride: outputs)
    panels.multiply([all], bias: bias.floats, adding: adding)
  }
}
