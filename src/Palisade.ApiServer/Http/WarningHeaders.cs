using System.Text;
using Microsoft.AspNetCore.Http;

namespace Palisade.ApiServer.Http;

/// <summary>
/// The Warning headers of one answer, each text once (apiserver filters.WithWarningRecorder): kubectl prints them on
/// stderr. All together may have some 4,000 characters; beyond that each is cut short, then no more come.
/// </summary>
internal sealed class WarningHeaders
{
    private const string Header = "Warning";
    private const int MostRunes = 4 * 1024;
    private const int MostOfOne = 256;
    private readonly List<string> _told = [];
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);
    private int _runes;
    private bool _isCut;

    public static void Add(HttpContext context, IEnumerable<string> warnings)
    {
        foreach (var warning in warnings.Where(text => text.Length > 0))
        {
            if (context.Features.Get<WarningHeaders>() is not { } headers)
                context.Features.Set(headers = new WarningHeaders());
            headers.Add(context.Response.Headers, warning);
        }
    }

    private void Add(IHeaderDictionary headers, string text)
    {
        if ((_isCut && _runes >= MostRunes) || !_known.Add(text))
            return;
        _told.Add(text);
        if (_isCut || _runes + Length(text) <= MostRunes)
        {
            Write(headers, text);
            return;
        }

        _isCut = true;
        _runes = 0;
        headers.Remove(Header);
        foreach (var told in _told)
            Write(headers, told);
    }

    private void Write(IHeaderDictionary headers, string text)
    {
        if (_isCut && Length(text) > MostOfOne)
            text = string.Concat(text.EnumerateRunes().Take(MostOfOne));
        _runes += Length(text);
        headers.Append(Header, $"299 - {Quoted(text)}");
    }

    private static int Length(string text) => text.EnumerateRunes().Count();

    // A header has no line ends; quotes and backslashes are escaped (net/http NewWarningHeader).
    private static string Quoted(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value is '"' or '\\')
                quoted.Append('\\');
            quoted.Append(Rune.IsControl(rune) ? new Rune(' ') : rune);
        }

        return quoted.Append('"').ToString();
    }
}
