using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace Palisade.ApiServer.Http;

/// <summary>The query parameters of list, watch and write requests, read strictly.</summary>
internal sealed class RequestQuery(IQueryCollection query)
{
    public string? LabelSelector => Text("labelSelector");

    public string? FieldSelector => Text("fieldSelector");

    public string? Continue => Text("continue");

    public string? ResourceVersion => Text("resourceVersion");

    public string? ResourceVersionMatch => Text("resourceVersionMatch");

    public string? IncludeObject => Text("includeObject");

    public string? FieldManager => Text("fieldManager");

    public string? FieldValidation => Text("fieldValidation");

    public bool Watch => Flag("watch") ?? false;

    public bool AllowWatchBookmarks => Flag("allowWatchBookmarks") ?? false;

    public bool? SendInitialEvents => Flag("sendInitialEvents");

    public bool? Force => Flag("force");

    public int Limit => (int)Math.Clamp(Number("limit") ?? 0, 0, int.MaxValue);

    public long? TimeoutSeconds => Number("timeoutSeconds");

    public long? GracePeriodSeconds => Number("gracePeriodSeconds");

    public bool? OrphanDependents => Flag("orphanDependents");

    public string? PropagationPolicy => Text("propagationPolicy");

    public IEnumerable<string> DryRun => query["dryRun"].OfType<string>();

    /// <summary>resourceVersion as a number; null when absent.</summary>
    public long? Version
    {
        get
        {
            if (ResourceVersion is not { } text)
                return null;
            return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var version)
                ? version
                : throw Errors.BadRequest(
                    $"resourceVersion: Invalid value: \"{text}\": " +
                    $"strconv.ParseUint: parsing \"{text}\": invalid syntax");
        }
    }

    /// <summary>A parameter's text; null when absent or empty. Of a repeated one the first counts, as in Go.</summary>
    public string? Text(string name) => query[name] is [{ Length: > 0 } text, ..] ? text : null;

    /// <summary>Go's conversion takes anything but false and 0 as true, so that a bare ?watch works.</summary>
    public bool? Flag(string name) =>
        query.TryGetValue(name, out var values)
            ? values.FirstOrDefault() is not ("false" or "0" or "False" or "F" or "f")
            : null;

    /// <summary>A parameter as a number; null when absent.</summary>
    public long? Number(string name)
    {
        if (Text(name) is not { } text)
            return null;
        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw Errors.BadRequest($"strconv.ParseInt: parsing \"{text}\": invalid syntax");
    }
}
