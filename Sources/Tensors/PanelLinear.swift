/// The packed form of a linear layer on processors for which oneDNN has none (those without AVX-512): columns of weights in panels of 16.
///
/// bfloat16 halves the memory the weights are read from; products are float32, of operands rounded to bfloat16.
final class PanelLinear: Sendable {
  let inputs: Int
  let outputs: Int
  let precision: Precision
  let panels: Int
  let weights: PackedBuffer
  /// From one panel to the next.
  let panelBytes: Int

  /// `weight` holds [outputs, inputs] in row-major order.
  init(weight: [Float], inputs: Int, outputs: Int, precision: Precision) {
    (self.inputs, self.outputs, self.precision) = (inputs, outputs, precision)
    panels = (outputs + 15) / 16
    panelBytes = inputs * 16 * precision.bytes
    weights = PackedBuffer(bytes: panels * panelBytes)
    for panel in 0..<panels {
      for input in 0..<inputs {
        for column in 0..<min(16, outputs - panel * 16) {
          let value = weight[(panel * 16 + column) * inputs + input]
          let place = panel * panelBytes + input * 16 * precision.bytes
          switch precision {
          case .float32: weights.pointer.storeBytes(of: value, toByteOffset: place + 4 * column, as: Float.self)
          case .bfloat16:
            let bits = UInt16(roundedToBfloat16(value).bitPattern >> 16)
            weights.pointer.storeBytes(of: bits, toByteOffset: place + (column < 8 ? 4 * column : 4 * (column - 8) + 2), as: UInt16.self)
          }
        }
      }
    }
  }

  /// result [rows, outputs] = x [rows, inputs] · weights + bias; `bias` has room for whole panels.
  func multiply(_ rows: Int, _ x: UnsafePointer<Float>, bias: UnsafePointer<Float>, _ result: UnsafeMutablePointer<Float>) {
    switch precision {
    case .float32: multiply(rows, x, bias, result, Float32Panel.self)
    case .bfloat16: multiply(rows, x, bias, result, Bfloat16Panel.self)
    }
  }

  private func multiply<W: PanelWeights>(
    _ rows: Int, _ x: UnsafePointer<Float>, _ bias: UnsafePointer<Float>, _ result: UnsafeMutablePointer<Float>, _ kind: W.Type
  ) {
    let whole = outputs / 16
    var panel = 0
    func tile() -> PanelTile {
      PanelTile(
        x: x, xStride: inputs, inputs: inputs, weights: weights.pointer + panel * panelBytes, bias: bias + panel * 16, result: result + panel * 16,
        stride: outputs)
    }
    if rows == 1 {
      while panel + 4 <= whole {
        oneRowFourPanels(tile(), apart: panelBytes, kind)
        panel += 4
      }
    }
    while panel < whole {
      panelRows(rows, tile(), kind)
      panel += 1
    }
    if whole < panels { narrowPanelRows(rows, columns: outputs - whole * 16, tile(), kind) }
  }
}

/// A `PanelLinear` bound to memory: result = activation(source · weights + bias) + added, rounded where the result's precision asks for it.
final class PanelCall: PackedLayerCall {
  private let layer: PanelLinear
  private let rows: Int
  private let source: UnsafePointer<Float>
  private var bias: UnsafePointer<Float>
  private let added: UnsafePointer<Float>?
  private let result: UnsafeMutablePointer<Float>
  private let activation: PackedActivation
  private let rounds: Bool

  init(
    _ layer: PanelLinear, rows: Int, source: UnsafePointer<Float>, bias: UnsafePointer<Float>, adding added: UnsafePointer<Float>?,
    result: UnsafeMutablePointer<Float>, activation: PackedActivation, rounding: Bool
  ) {
    (self.layer, self.rows, self.source, self.bias) = (layer, rows, source, bias)
    (self.added, self.result, self.activation, rounds) = (added, result, activation, rounding)
  }

  func setBias(_ pointer: UnsafePointer<Float>) { bias = pointer }

  func run() {
    layer.multiply(rows, source, bias: bias, result)
    let count = rows * layer.outputs
    activation.apply(result, to: result, count)
    if let added { for i in 0..<count { result[i] += added[i] } }
    if rounds { roundToBfloat16(result, to: result, count) }
  }
}

/// activation(source) in memory of its own, rounded to bfloat16 or not.
final class PanelActivation: PackedStep {
  private let activation: PackedActivation
  private let source: UnsafePointer<Float>
  private let result: UnsafeMutablePointer<Float>
  private let count: Int
  private let rounds: Bool

  init(_ activation: PackedActivation, source: UnsafePointer<Float>, result: UnsafeMutablePointer<Float>, count: Int, rounding: Bool) {
    (self.activation, self.source, self.result, self.count, rounds) = (activation, source, result, count, rounding)
  }

  func run() {
    activation.apply(source, to: result, count)
    if rounds { roundToBfloat16(result, to: result, count) }
  }
}
