using System.Globalization;
using System.Text;
using Palisade.Benchmarks.Compile;

namespace Palisade.Benchmarks.Incremental;

/// <summary>A line of a chart; its name says the unit.</summary>
internal sealed record ChartLine(string Name, IReadOnlyList<(double Pods, double Value)> Points)
{
    /// <summary>The b of value = a pods^b.</summary>
    public double Exponent => Figures.Exponent(Points);
}

/// <summary>
/// A chart with logarithmic axes, as SVG. Equal figures give equal bytes; a slope of one decade a decade is
/// proportional growth, a level line none.
/// </summary>
internal static class GrowthChart
{
    private const int Width = 860, Height = 460, Left = 60, Top = 40, PlotWidth = 460, PlotHeight = 370;

    // Told apart in grey print too: each line has its own dashes.
    private static readonly (string Colour, string Dash)[] Styles =
        [("#1b6ca8", ""), ("#7a5195", "2 3"), ("#bc5090", "8 3"), ("#c8553d", "5 3 1 3"), ("#2a7f4f", "12 4")];

    public static string Draw(string title, IReadOnlyList<ChartLine> lines)
    {
        var pods = lines.SelectMany(line => line.Points.Select(p => p.Pods)).ToList();
        var values = lines.SelectMany(line => line.Points.Select(p => p.Value)).ToList();
        var plot = new Plot(
            Decade(pods.Min(), -1), Decade(pods.Max(), 1), Decade(values.Min(), -1), Decade(values.Max(), 1));
        var svg = new StringBuilder();
        Add(svg, $"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width} {Height}" """
            + """font-family="sans-serif" font-size="12">""");
        Add(svg, $"""<rect width="{Width}" height="{Height}" fill="white"/>""");
        Add(svg, $"""<text x="{Left}" y="22" font-size="15">{title}</text>""");
        Axes(svg, plot);
        for (var i = 0; i < lines.Count; i++)
            Line(svg, plot, lines[i], i);
        Add(svg, "</svg>");
        return svg.ToString();
    }

    private readonly record struct Plot(int FirstX, int LastX, int FirstY, int LastY)
    {
        public double X(double pods) => Left + PlotWidth * (Math.Log10(pods) - FirstX) / (LastX - FirstX);

        public double Y(double value) => Top + PlotHeight * (LastY - Math.Log10(value)) / (LastY - FirstY);
    }

    private static void Axes(StringBuilder svg, Plot plot)
    {
        for (var decade = plot.FirstX; decade <= plot.LastX; decade++)
        {
            var x = plot.X(Math.Pow(10, decade));
            Add(svg, $"""<path d="M{Number(x)} {Top}V{Top + PlotHeight}" stroke="#ddd"/>""");
            Add(svg, $"""<text x="{Number(x)}" y="{Top + PlotHeight + 18}" text-anchor="middle">{Text(decade)}</text>""");
        }

        for (var decade = plot.FirstY; decade <= plot.LastY; decade++)
        {
            var y = plot.Y(Math.Pow(10, decade));
            Add(svg, $"""<path d="M{Left} {Number(y)}H{Left + PlotWidth}" stroke="#ddd"/>""");
            Add(svg, $"""<text x="{Left - 6}" y="{Number(y + 4)}" text-anchor="end">{Text(decade)}</text>""");
        }

        Add(svg, $"""<text x="{Left + PlotWidth / 2}" y="{Height - 10}" text-anchor="middle">pods</text>""");
    }

    private static void Line(StringBuilder svg, Plot plot, ChartLine line, int number)
    {
        var (colour, dash) = Styles[number % Styles.Length];
        var path = string.Join('L', line.Points.Select(p => $"{Number(plot.X(p.Pods))} {Number(plot.Y(p.Value))}"));
        Add(svg, $"""<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>""");
        foreach (var (pods, value) in line.Points)
            Add(svg, $"""<circle cx="{Number(plot.X(pods))}" cy="{Number(plot.Y(value))}" r="3" fill="{colour}"/>""");
        var y = Top + 20 + 40 * number;
        var x = Left + PlotWidth + 20;
        Add(svg, $"""<path d="M{x} {y}h34" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>""");
        Add(svg, $"""<text x="{x + 42}" y="{y + 4}">{line.Name}</text>""");
        var exponent = line.Exponent.ToString("0.00", CultureInfo.InvariantCulture);
        var last = Figures.Text(line.Points[^1].Value);
        Add(svg, $"""<text x="{x + 42}" y="{y + 19}" fill="#555">pods^{exponent}, at the right {last}</text>""");
    }

    private static int Decade(double value, int direction) =>
        (int)(direction < 0 ? Math.Floor(Math.Log10(value)) : Math.Ceiling(Math.Log10(value)));

    private static string Number(double value) => value.ToString("0.#", CultureInfo.InvariantCulture);

    private static string Text(int decade) => decade switch
    {
        >= 6 => $"{Math.Pow(10, decade - 6).ToString("0", CultureInfo.InvariantCulture)}M",
        >= 3 => $"{Math.Pow(10, decade - 3).ToString("0", CultureInfo.InvariantCulture)}k",
        _ => Math.Pow(10, decade).ToString("0.####", CultureInfo.InvariantCulture),
    };

    private static void Add(StringBuilder svg, string line) => svg.Append(line).Append('\n');
}
