using System.Text;

namespace Palisade.EndToEnd.Tests.Clients;

/// <summary>A table of docs/clients.md: rows by command, columns by version.</summary>
internal static class ClientTable
{
    /// <summary>The lines of a table in Markdown.</summary>
    public static string Write(
        string corner, IReadOnlyList<string> rows, IReadOnlyList<(string Version, IReadOnlyList<string> Cells)> columns)
    {
        var text = new StringBuilder();
        text.Append($"| {corner} |").AppendJoin("", columns.Select(column => $" {column.Version} |")).Append('\n');
        text.Append("|---|").AppendJoin("", columns.Select(_ => "---|")).Append('\n');
        for (var i = 0; i < rows.Count; i++)
        {
            var row = i;
            text.Append($"| {rows[i]} |").AppendJoin("", columns.Select(column => $" {column.Cells[row]} |"))
                .Append('\n');
        }

        return text.ToString();
    }

    /// <summary>The cells of one version's column, by row, of the table that begins with the corner.</summary>
    public static IReadOnlyList<(string Row, string Cell)> Read(string text, string corner, string version)
    {
        var lines = text.Split('\n').SkipWhile(line => !line.StartsWith($"| {corner} |", StringComparison.Ordinal))
            .TakeWhile(line => line.StartsWith('|'))
            .Select(line => line.Split('|').Select(cell => cell.Trim()).ToList())
            .ToList();
        if (lines.Count == 0 || lines[0].IndexOf(version) is not (> 0 and var at))
            return [];
        return [.. lines.Skip(2).Select(line => (line[1], line[at]))];
    }

    /// <summary>The text with the table that begins with the corner replaced.</summary>
    public static string Replace(string text, string corner, string table)
    {
        var start = text.IndexOf($"| {corner} |", StringComparison.Ordinal);
        var end = text.IndexOf("\n\n", start, StringComparison.Ordinal);
        return text[..start] + table + (end < 0 ? "" : text[(end + 1)..]);
    }
}
