using System.Globalization;
using System.Text;

namespace Palisade.Agent.Metrics;

/// <summary>
/// Figures in Prometheus's text format 0.0.4. Samples of one name follow each other; the name's help and type stand
/// before the first.
/// </summary>
internal sealed class MetricText
{
    /// <summary>The content type of the format.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private const string Prefix = "palisade_";
    private readonly StringBuilder _text = new();
    private string _name = "";

    public MetricText Counter(
        string name, string help, double value, params ReadOnlySpan<(string Name, string Value)> labels) =>
        Add(name, help, "counter", value, labels);

    public MetricText Gauge(
        string name, string help, double value, params ReadOnlySpan<(string Name, string Value)> labels) =>
        Add(name, help, "gauge", value, labels);

    /// <summary>A histogram's cumulative buckets, sum and count.</summary>
    public MetricText Histogram(string name, string help, Histogram histogram)
    {
        var (buckets, sum, count) = histogram.Read();
        Begin(name, help, "histogram");
        foreach (var (bound, atMost) in buckets)
            Sample($"{name}_bucket", atMost, ("le", Number(bound)));
        Sample($"{name}_bucket", count, ("le", "+Inf"));
        Sample($"{name}_sum", sum);
        Sample($"{name}_count", count);
        return this;
    }

    public override string ToString() => _text.ToString();

    private MetricText Add(
        string name, string help, string type, double value, ReadOnlySpan<(string Name, string Value)> labels)
    {
        Begin(name, help, type);
        Sample(name, value, labels);
        return this;
    }

    private void Begin(string name, string help, string type)
    {
        if (_name == name)
            return;
        _name = name;
        _text.Append("# HELP ").Append(Prefix).Append(name).Append(' ').Append(help).Append('\n');
        _text.Append("# TYPE ").Append(Prefix).Append(name).Append(' ').Append(type).Append('\n');
    }

    private void Sample(string name, double value, params ReadOnlySpan<(string Name, string Value)> labels)
    {
        _text.Append(Prefix).Append(name);
        var separator = '{';
        foreach (var (label, text) in labels)
        {
            _text.Append(separator).Append(label).Append("=\"").Append(Escaped(text)).Append('"');
            separator = ',';
        }

        _text.Append(labels.IsEmpty ? " " : "} ").Append(Number(value)).Append('\n');
    }

    private static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    private static string Escaped(string text) =>
        text.Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("\n", "\\n");
}
