using System.Globalization;
using System.Text;

namespace Palisade.Agent;

/// <summary>
/// One line an event on a writer: time, level, event, then key=value pairs; values with spaces or quotes are quoted.
/// Never given tokens, certificates or request headers. Safe for use by several threads.
/// </summary>
internal sealed class AgentLog(TextWriter writer, TimeProvider time)
{
    private readonly Lock _lock = new();

    public void Write(string level, string what, params ReadOnlySpan<(string Key, object? Value)> facts)
    {
        var line = new StringBuilder(
            time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
        line.Append(' ').Append(level).Append(' ').Append(what);
        foreach (var (key, value) in facts)
            line.Append(' ').Append(key).Append('=')
                .Append(Quoted(Convert.ToString(value, CultureInfo.InvariantCulture) ?? ""));
        lock (_lock)
            writer.WriteLine(line.ToString());
    }

    public void Inform(string what, params ReadOnlySpan<(string Key, object? Value)> facts) =>
        Write("info", what, facts);

    public void Warn(string what, params ReadOnlySpan<(string Key, object? Value)> facts) => Write("warn", what, facts);

    public void Fail(string what, params ReadOnlySpan<(string Key, object? Value)> facts) =>
        Write("error", what, facts);

    private static string Quoted(string value)
    {
        if (value.Length > 0 && !value.AsSpan().ContainsAny(" \"=\r\n\t"))
            return value;
        var safe = value.Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("\r", "\\r").Replace("\n", "\\n")
            .Replace("\t", "\\t");
        return $"\"{safe}\"";
    }
}
