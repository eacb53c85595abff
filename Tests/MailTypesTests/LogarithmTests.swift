// Logarithm, exponential and log-gamma against values of forty digits, stored here, rounded to the nearest Double.

import MailTypes
import Testing

@Suite("Logarithm") struct LogarithmTests {
    /// How far two numbers are apart, in units in the last place of the second.
    static func distance(_ a: Double, _ b: Double) -> Double { a == b ? 0 : abs(a - b) / b.ulp }

    /// ln x.
    static let logarithms: [(Double, Double)] = [
        (1.0, 0.0), (2.0, 0.6931471805599453), (0.5, -0.6931471805599453), (0.1, -2.3025850929940455),
        (0.9999999999999999, -1.1102230246251565e-16), (1.0000000000000002, 2.2204460492503128e-16),
        (0.7071067811865475, -0.34657359027997275), (1.4142135623730951, 0.3465735902799727),
        (1.5, 0.4054651081081644), (3.0, 1.0986122886681098), (10.0, 2.302585092994046),
        (512.0, 6.238324625039508), (1.0019569471624266, 0.001955034835803295), (1e+300, 690.7755278982137),
        (1e-300, -690.7755278982137), (Double.leastNonzeroMagnitude, -744.4400719213812),
        (2.2250738585072014e-308, -708.3964185322641),
        (1.7976931348623157e+308, 709.782712893384), (0.3, -1.2039728043259361), (123456.789, 11.723646487185881),
        (2.718281828459045, 1.0), (0.999, -0.0010005003335835344), (1.001, 0.0009995003330834232),
        (622.901694889702, 6.434388713222367), (79519356.55656967, 18.191511028687422),
        (29005.228283614735, 10.275231378360996), (0.0775958567435717, -2.556241245698139),
        (0.0006489745531369243, -7.340117051371072), (1132059.6465314436, 13.939549227639322),
        (8684.454578650953, 9.069289876317566), (0.05437608592359305, -2.911830818764099),
        (0.00013114189588902202, -8.939230646248232), (0.00040815105497451397, -7.803873219298685),
    ]
    /// e^x.
    static let powers: [(Double, Double)] = [
        (0.0, 1.0), (1.0, 2.718281828459045), (-1.0, 0.36787944117144233), (0.5, 1.6487212707001282),
        (-0.5, 0.6065306597126334), (1e-10, 1.0000000001), (-1e-10, 0.9999999999),
        (0.34657359027997264, 1.414213562373095), (-0.34657359027997264, 0.7071067811865476),
        (10.0, 22026.465794806718), (-10.0, 4.5399929762484854e-05), (-36.7, 1.1518409493076097e-16),
        (-40.5, 2.576757109154981e-18), (700.0, 1.0142320547350045e+304), (-700.0, 9.85967654375977e-305),
        (709.782712893384, 1.7976931348622732e+308), (-745.1, Double.leastNonzeroMagnitude), (1e-300, 1.0),
        (14.5, 1982759.2635375687),
        (-14.508657738524219, 5.000000000000002e-07), (88.0, 1.6516362549940018e+38), (-0.1, 0.9048374180359595),
        (0.1, 1.1051709180756477), (41.63453718085519, 1.2068401613546583e+18),
        (26.572545162914167, 346984227827.70795), (-34.03957876419618, 1.6473989179707296e-15),
        (29.714699143120455, 8033963776822.858), (-36.123258160109685, 2.0505403172147195e-16),
        (11.745252046611668, 126153.16546394647), (-37.33007674497303, 6.134139674203653e-17),
        (-49.82251377974654, 2.3033354455163045e-22),
    ]
    /// ln(1 + x).
    static let onePlus: [(Double, Double)] = [
        (1e-20, 1e-20), (-1e-20, -1e-20), (1e-10, 9.999999999500001e-11), (-1e-10, -1.00000000005e-10),
        (1e-05, 9.999950000333332e-06), (-1e-05, -1.0000050000333337e-05), (0.1, 0.09531017980432487),
        (-0.1, -0.10536051565782631), (0.4, 0.33647223662121295), (-0.29, -0.3424903089467759),
        (0.5, 0.4054651081081644), (-0.5, -0.6931471805599453), (3.0, 1.3862943611198906),
        (-0.999999, -13.815510557935518), (10000000000.0, 23.025850930040455),
    ]
    /// ln Γ(x).
    static let logGammas: [(Double, Double)] = [
        (1.0, 0.0), (2.0, 0.0), (0.5, 0.5723649429247001), (5.0, 3.1780538303479458), (0.3, 1.0957979948180756),
        (10.5, 13.940625219403763), (100.0, 359.1342053695754), (2500.0, 17057.12197600184),
        (0.001, 6.907178885383853), (1e-08, 18.42068073818021), (1.5, -0.12078223763524522),
        (2.5, 0.2846828704729192), (3.0, 0.6931471805599453), (7.999, 8.523145786158915), (8.0, 8.525161361065415),
        (9.999, 12.799575780077413), (12.0, 17.502307845873887), (0.9999, 5.7729791561193866e-05),
        (1.0001, -5.771334222047127e-05), (1.9999, -4.227520877215346e-05), (33.3, 82.60372358165495),
        (1000000.0, 12815504.569147611), (123456.75, 1323901.5615730141), (10000000000.0, 220258509288.81058),
    ]

    @Test("ln x is the nearest Double or its neighbour", arguments: logarithms) func logarithm(x: Double, known: Double)
    {
        #expect(Self.distance(NaturalLogarithm.of(x), known) <= 1)
    }

    @Test("e^x is the nearest Double or its neighbour", arguments: powers) func power(x: Double, known: Double) {
        #expect(Self.distance(Exponential.of(x), known) <= 1)
    }

    @Test("ln(1 + x) is the nearest Double or next to it", arguments: onePlus) func small(x: Double, known: Double) {
        #expect(Self.distance(NaturalLogarithm.ofOnePlus(x), known) <= 2)
    }

    @Test("ln Γ(x) is right to 1e-12", arguments: logGammas) func logGamma(x: Double, known: Double) {
        #expect(abs(LogGamma.of(x) - known) <= 1e-12 * max(1, abs(known)))
    }

    @Test("the ends") func ends() {
        #expect(NaturalLogarithm.of(0) == -.infinity)
        #expect(NaturalLogarithm.of(.infinity) == .infinity)
        #expect(
            NaturalLogarithm.of(-1).isNaN && NaturalLogarithm.of(.nan).isNaN && NaturalLogarithm.ofOnePlus(-2).isNaN)
        #expect(NaturalLogarithm.ofOnePlus(-1) == -.infinity)
        #expect(Exponential.of(-.infinity) == 0 && Exponential.of(-746) == 0)
        #expect(Exponential.of(710) == .infinity && Exponential.of(.infinity) == .infinity)
        #expect(Exponential.of(.nan).isNaN)
    }

    @Test("each undoes the other, and order is kept") func inverse() {
        var random = SeededGenerator(seed: 11)
        for _ in 0..<20_000 {
            let x = Double.random(in: -700...700, using: &random)
            #expect(abs(NaturalLogarithm.of(Exponential.of(x)) - x) <= 3e-16 * max(1, abs(x)))
            let y = Double.random(in: 0...10, using: &random)
            #expect(NaturalLogarithm.of(y.nextUp) >= NaturalLogarithm.of(y))
        }
    }

    @Test("ln Γ obeys its recurrence") func recurrence() {
        for tenth in 1...400 {
            let x = Double(tenth) / 10
            let step = LogGamma.of(x + 1) - LogGamma.of(x)
            #expect(abs(step - NaturalLogarithm.of(x)) < 1e-12 * max(1, LogGamma.of(x + 1)))
        }
    }
}
