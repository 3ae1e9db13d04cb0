namespace Palisade.Cli.Output;

/// <summary>
/// Standard output: plain text, colour only on a terminal that can show it and where NO_COLOR does not forbid it
/// (no-color.org).
/// </summary>
internal sealed class Terminal
{
    private readonly TextWriter _out;
    private readonly bool _colour;
    private readonly string _indent;

    /// <summary>Writes to a writer, with or without colour, every line after an indent.</summary>
    public Terminal(TextWriter output, bool colour, string indent = "") =>
        (_out, _colour, _indent) = (output, colour, indent);

    /// <summary>The process's standard output.</summary>
    public static Terminal Standard() =>
        new(Console.Out, !Console.IsOutputRedirected && Variable("NO_COLOR").Length == 0
            && Variable("TERM") is not ("" or "dumb"));

    /// <summary>The same output, each line further in.</summary>
    public Terminal Indented(string by) => new(_out, _colour, _indent + by);

    /// <summary>Writes one line.</summary>
    public void WriteLine(string line) => _out.WriteLine(line.Length == 0 ? line : _indent + line);

    /// <summary>The text in green.</summary>
    public string Green(string text) => Coloured(text, 32);

    /// <summary>The text in red.</summary>
    public string Red(string text) => Coloured(text, 31);

    /// <summary>The text in yellow.</summary>
    public string Yellow(string text) => Coloured(text, 33);

    private static string Variable(string name) => Environment.GetEnvironmentVariable(name) ?? "";

    private string Coloured(string text, int code) => _colour ? $"\u001b[{code}m{text}\u001b[0m" : text;
}
