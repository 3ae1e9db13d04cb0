using System.Globalization;

namespace Palisade.Benchmarks.Compile;

/// <summary>What figures are made of.</summary>
internal static class Figures
{
    /// <summary>The middle one; of an even number the upper of the two.</summary>
    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted[sorted.Length / 2];
    }

    /// <summary>The least value that so large a share of all does not exceed.</summary>
    public static double Quantile(IEnumerable<double> values, double share)
    {
        var sorted = values.Order().ToArray();
        return sorted[Math.Max(0, (int)Math.Ceiling(share * sorted.Length) - 1)];
    }

    /// <summary>The exponent b of y = a x^b by least squares on the logarithms.</summary>
    public static double Exponent(IReadOnlyList<(double X, double Y)> points)
    {
        var logs = points.Select(p => (X: Math.Log(p.X), Y: Math.Log(p.Y))).ToArray();
        var (meanX, meanY) = (logs.Average(p => p.X), logs.Average(p => p.Y));
        return logs.Sum(p => (p.X - meanX) * (p.Y - meanY)) / logs.Sum(p => (p.X - meanX) * (p.X - meanX));
    }

    /// <summary>Three significant digits, as people read them.</summary>
    public static string Text(double value) => value.ToString(
        value >= 100 ? "#,0" : value >= 10 ? "0.0" : "0.00", CultureInfo.InvariantCulture);

    /// <summary>Mebibytes.</summary>
    public static string Mib(double bytes) => Text(bytes / (1 << 20));
}
