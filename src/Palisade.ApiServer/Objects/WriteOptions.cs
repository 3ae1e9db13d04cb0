using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Palisade.ApiServer.Access;
using Palisade.ApiServer.Http;
using Palisade.Kubernetes.Convert;
using Palisade.Kubernetes.Validate;

namespace Palisade.ApiServer.Objects;

/// <summary>Which part of an object a write may change.</summary>
internal enum Part : byte
{
    /// <summary>Everything but status, where the resource has one.</summary>
    Main,

    /// <summary>The status only: the /status subresource.</summary>
    Status,
}

/// <summary>What to do about fields the schema does not know.</summary>
internal enum FieldValidation : byte
{
    Warn,
    Ignore,
    Strict,
}

/// <summary>The options that all writes share; the manager comes to own what the write changes.</summary>
internal readonly record struct WriteOptions(bool DryRun, FieldValidation Validation, string Manager)
{
    private const int LongestManager = 128;

    /// <summary>Who writes; null: the server itself, which may give away any right.</summary>
    public User? User { get; init; }

    /// <summary>What the server itself and its host program use.</summary>
    public static WriteOptions Internal => new(false, FieldValidation.Strict, "palisade");

    /// <summary>Whether the object comes with its managedFields already settled: of server-side apply.</summary>
    public bool IsApplied { get; init; }

    /// <summary>
    /// Reads and judges the query parameters; <paramref name="kind"/> is the options' kind in error texts. Whoever
    /// names no manager goes by the first part of its User-Agent.
    /// </summary>
    public static WriteOptions Read(HttpContext context, string kind)
    {
        var query = new RequestQuery(context.Request.Query);
        var causes = new List<Cause>();
        foreach (var value in query.DryRun.Where(value => value is not ("All" or "")))
            causes.Add(Causes.NotSupported("dryRun", $"\"{value}\"", "All"));
        var validation = query.FieldValidation switch
        {
            null or "Warn" => FieldValidation.Warn,
            "Ignore" => FieldValidation.Ignore,
            "Strict" => FieldValidation.Strict,
            _ => (FieldValidation?)null,
        };
        if (validation is null)
        {
            causes.Add(Causes.NotSupported(
                "fieldValidation", $"\"{query.FieldValidation}\"", "", "Ignore", "Strict", "Warn"));
        }

        if (query.FieldManager is { Length: > LongestManager })
            causes.Add(Causes.TooLong("fieldManager", LongestManager));
        else if (query.FieldManager is { } manager)
            causes.AddRange(Unprintable(manager));
        if (causes.Count > 0)
            throw Errors.Invalid("meta.k8s.io", kind, "", causes);
        return new WriteOptions(
            query.DryRun.Contains("All"),
            validation ?? FieldValidation.Warn,
            query.FieldManager ?? ProgramOf(context.Request.Headers.UserAgent.ToString()))
        {
            User = Caller.Of(context).User,
        };
    }

    // kubectl/v1.35.0 (linux/amd64) …: kubectl.
    private static string ProgramOf(string userAgent)
    {
        var name = new string([.. userAgent.Split('/')[0].Where(c => !char.IsControl(c))]);
        return name.Length <= LongestManager ? name : name[..LongestManager];
    }

    // Positions are in bytes of UTF-8, as Go counts.
    private static IEnumerable<Cause> Unprintable(string manager)
    {
        var position = 0;
        foreach (var rune in manager.EnumerateRunes())
        {
            if (Rune.IsControl(rune))
            {
                yield return Causes.Invalid(
                    "fieldManager",
                    GoText.Quote(manager),
                    $"invalid character U+{rune.Value:X4} (at position {position})");
            }

            position += rune.Utf8SequenceLength;
        }
    }
}

/// <summary>What a write answers: the object as it is now, and what the client should be warned of.</summary>
internal sealed record Written(byte[] Json, IReadOnlyList<string> Warnings)
{
    public JsonObject Parse() => JsonBytes.ParseObject(Json);
}
