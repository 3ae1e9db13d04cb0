using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text;
using Palisade.ApiServer.Http;
using Palisade.ApiServer.Resources;

namespace Palisade.ApiServer.Selecting;

/// <summary>
/// The fieldSelector query parameter (apimachinery fields.ParseSelector): path=value, path!=value, joined by commas.
/// </summary>
internal sealed class FieldSelection
{
    public static readonly FieldSelection Everything = new([]);

    private readonly ImmutableArray<(string Path, bool Equal, string Value)> _terms;

    private FieldSelection(ImmutableArray<(string Path, bool Equal, string Value)> terms) => _terms = terms;

    public bool IsEverything => _terms.IsEmpty;

    /// <summary>This selection, of one name only.</summary>
    public FieldSelection AndName(string name) => new(_terms.Add(("metadata.name", true, name)));

    public bool Matches(FrozenDictionary<string, string> fields)
    {
        foreach (var (path, equal, value) in _terms)
        {
            if (fields.GetValueOrDefault(path, "") == value != equal)
                return false;
        }

        return true;
    }

    public static FieldSelection Parse(string? text, Resource resource)
    {
        if (string.IsNullOrWhiteSpace(text))
            return Everything;
        var terms = ImmutableArray.CreateBuilder<(string, bool, string)>();
        foreach (var term in Split(text).Where(term => term.Length > 0))
        {
            var equals = term.IndexOf('=');
            if (equals <= 0)
                throw Errors.BadRequest($"invalid selector: '{text}'; can't understand '{term}'");
            var equal = term[equals - 1] != '!';
            var path = term[..(equal ? equals : equals - 1)];
            var value = term[(equals + 1)..];
            if (equal && value.StartsWith('='))
                value = value[1..];
            if (!resource.CanSelect(path))
                throw Errors.BadRequest($"field label not supported: {path}");
            terms.Add((path, equal, Unescape(value, text)));
        }

        return new FieldSelection(terms.ToImmutable());
    }

    // Commas split; a backslash takes the next character as it is.
    private static IEnumerable<string> Split(string text)
    {
        var start = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\')
            {
                i++;
            }
            else if (text[i] == ',')
            {
                yield return text[start..i];
                start = i + 1;
            }
        }

        yield return text[start..];
    }

    private static string Unescape(string value, string whole)
    {
        if (!value.Contains('\\'))
            return value;
        var plain = new StringBuilder();
        for (var i = 0; i < value.Length; i++)
        {
            if (value[i] == '\\' && (++i == value.Length || value[i] is not ('\\' or ',' or '=')))
                throw Errors.BadRequest($"invalid selector: '{whole}'; invalid escape sequence");
            plain.Append(value[i]);
        }

        return plain.ToString();
    }
}
