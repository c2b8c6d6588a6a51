@testable import Environments
import Foundation
import Tensors
import Testing

@Suite struct RenderTests {
  /// How much of an image is drawn over, in pixels: of black on white, the missing light.
  private func drawn(_ image: Raster) -> Double {
    stride(from: 0, to: image.pixels.count, by: 3).reduce(0) { $0 + (255 - Double(image.pixels[$1])) / 255 }
  }
  private func blank() -> Raster { Raster(width: 200, height: 100, low: SIMD2(-2, -1), high: SIMD2(2, 1)) }

  /// 50 pixels a unit: areas in closed form, up to what rounding to 1/255 leaves.
  @Test func shapesHaveTheirAreas() {
    let square = ConvexPolygon.rectangle(centre: SIMD2(0.3, 0.1), length: 1, width: 0.5, heading: 0.4)
    var image = blank()
    image.fill(square, 0)
    #expect(abs(drawn(image) - square.area * 2500) < 12)
    image = blank()
    image.disc(SIMD2(-0.5, 0.2), radius: 0.4, 0)
    #expect(abs(drawn(image) - .pi * 0.16 * 2500) < 8)
    image = blank()
    image.line([SIMD2(-1, -0.5), SIMD2(1, 0.5)], thickness: 4, 0)
    #expect(abs(drawn(image) - (4 * 50 * 5.0.squareRoot() + .pi * 4)) < 8)
    image = blank()
    image.disc(SIMD2(50, 0), radius: 1, 0)
    #expect(drawn(image) == 0)
  }

  @Test func yPointsUpAndColoursAreInOrder() {
    var image = blank()
    image.disc(SIMD2(1.5, 0.8), radius: 0.1, 0x0102FE)
    let place = 3 * (10 * 200 + 175)
    #expect(Array(image.pixels[place..<place + 3]) == [1, 2, 254])
    #expect(image.pixels[3 * (90 * 200 + 175)] == 255)
    // A world of other proportions is shown whole, in the middle.
    var wide = Raster(width: 100, height: 100, low: SIMD2(0, 0), high: SIMD2(10, 1))
    wide.fill(.rectangle(centre: SIMD2(5, 0.5), length: 10, width: 1), 0)
    #expect(abs(drawn(wide) - 1000) < 101)
  }

  /// Each task of this program's own shows that something has moved, and the same state the same picture.
  @Test(arguments: ["Driving-v0", "MountainCarContinuous-v0", "Pendulum-v1", "PointFork-v0", "PointMaze-v0", "PushT-v0"])
  func tasksDrawThemselves(id: String) throws {
    let environment = try Environments.make(id)
    _ = try environment.reset(seed: 3)
    let first = try environment.render(width: 160, height: 120)
    #expect(first.width == 160 && first.height == 120 && first.pixels.count == 160 * 120 * 3)
    #expect(try environment.render(width: 160, height: 120) == first)
    var isOver = false
    for _ in 0..<3 where !isOver { isOver = try environment.step(environment.actionSpace.high).terminated }
    #expect(try environment.render(width: 160, height: 120) != first)
    #expect(Set(first.pixels).count > 3)
  }

  @Test func whatHasNoPictureSaysSo() throws {
    let noise = try Environments.make("Noise-v0")
    #expect(message { _ = try noise.render(width: 20, height: 20) } == "Noise-v0 has no picture")
  }

  /// By Mesa where it is installed, else an error that names the package.
  @Test(arguments: ["Hopper-v5", "Humanoid-v5", "Reacher-v5"]) func mujocoTasksAreDrawnInSoftware(id: String) throws {
    let environment = try FrameStackObservation(Environments.make(id), observationSteps: 2)
    _ = try environment.reset(seed: 1)
    guard dlopen("libOSMesa.so.8", RTLD_NOW) != nil else {
      #expect(message { _ = try environment.render(width: 64, height: 48) }.hasSuffix("apt-get install libosmesa6"))
      return
    }
    let before = try environment.state
    let first = try environment.render(width: 120, height: 90)
    #expect(first.pixels.count == 120 * 90 * 3 && Set(first.pixels).count > 20)
    #expect(try environment.render(width: 120, height: 90) == first)
    #expect(try environment.state == before)
    // The floor is below and the sky above, in another size too.
    #expect(try environment.render(width: 61, height: 33).pixels.count == 61 * 33 * 3)
    for _ in 0..<10 { _ = try environment.step(environment.actionSpace.high) }
    #expect(try environment.render(width: 120, height: 90) != first)
  }
}
