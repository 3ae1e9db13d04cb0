using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace Palisade.ApiServer.Http;

/// <summary>How objects are shown: whole, as rows of a Table, or as metadata only.</summary>
internal enum Form : byte
{
    Whole,
    Table,
    Metadata,
}

/// <summary>The form an Accept header asks for, the version of the meta.k8s.io kinds, and how it is written.</summary>
internal readonly record struct Negotiated(Form Form, string MetaVersion, bool IsYaml)
{
    private const string Written = $"{Responses.Json}, {BodyDecoder.Yaml}";

    /// <summary>The first acceptable alternative, in the client's order; protobuf is never answered.</summary>
    public static Negotiated From(HttpContext context)
    {
        var accept = context.Request.Headers.Accept.ToString();
        if (string.IsNullOrWhiteSpace(accept))
            return new Negotiated(Form.Whole, "v1", false);
        foreach (var media in MediaRange.ParseAll(accept))
        {
            if (!media.TakesJson && !media.IsYaml)
                continue;
            var version = media["v"];
            switch (media["as"])
            {
                case "":
                    return new Negotiated(Form.Whole, "v1", media.IsYaml);
                case "Table" when media["g"] == "meta.k8s.io" && version is ("v1" or "v1beta1"):
                    CheckIncluded(context.Request.Query["includeObject"]);
                    return new Negotiated(Form.Table, version, media.IsYaml);
                case "PartialObjectMetadata" or "PartialObjectMetadataList"
                    when media["g"] == "meta.k8s.io" && version is ("v1" or "v1beta1"):
                    return new Negotiated(Form.Metadata, version, media.IsYaml);
            }
        }

        throw Errors.NotAcceptable(Written);
    }

    private static void CheckIncluded(string? value)
    {
        if (value is null or "" or "None" or "Metadata" or "Object")
            return;
        throw Errors.BadRequest(
            $"Unable to convert to Table as requested: includeObject: Invalid value: \"{value}\": " +
            "must be 'Metadata', 'Object', 'None', or empty");
    }

    /// <summary>As From, for events: they are lines of JSON.</summary>
    public static Negotiated FromOfWatch(HttpContext context)
    {
        var negotiated = From(context);
        return negotiated.IsYaml ? throw Errors.NotAcceptable(Responses.Json) : negotiated;
    }

    /// <summary>Whether what is no object of a resource, or was just written, is to be shown as YAML.</summary>
    public static bool PrefersYaml(HttpContext context)
    {
        var accept = context.Request.Headers.Accept.ToString();
        return accept.Contains("yaml", StringComparison.OrdinalIgnoreCase)
            && MediaRange.ParseAll(accept).FirstOrDefault(media => media.TakesJson || media.IsYaml)?.IsYaml == true;
    }
}

/// <summary>One alternative of an Accept header: type and parameters.</summary>
internal sealed class MediaRange
{
    private readonly Dictionary<string, string> _parameters = new(StringComparer.OrdinalIgnoreCase);

    private MediaRange(string text)
    {
        var parts = text.Split(';', StringSplitOptions.TrimEntries);
        Type = parts[0].ToLowerInvariant();
        foreach (var part in parts.Skip(1))
        {
            var equals = part.IndexOf('=');
            if (equals > 0)
                _parameters[part[..equals]] = part[(equals + 1)..].Trim('"');
        }
    }

    public string Type { get; }

    public bool TakesJson => Type is Responses.Json or "*/*" or "application/*";

    public bool IsYaml => Type is BodyDecoder.Yaml;

    /// <summary>A parameter, or "".</summary>
    public string this[string name] => _parameters.GetValueOrDefault(name, "");

    /// <summary>The alternatives by weight (q), of equal weight in the client's order.</summary>
    public static IEnumerable<MediaRange> ParseAll(string accept) =>
        accept.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(text => new MediaRange(text))
            .OrderByDescending(media => media.Weight);

    private double Weight =>
        double.TryParse(this["q"], NumberStyles.Float, CultureInfo.InvariantCulture, out var weight) ? weight : 1;
}
