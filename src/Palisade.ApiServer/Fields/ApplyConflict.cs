using System.Globalization;
using System.Text.Json.Nodes;

namespace Palisade.ApiServer.Fields;

/// <summary>What an apply would change although another owns it.</summary>
internal sealed record ApplyConflict(FieldOwner Owner, FieldSet Fields)
{
    /// <summary>409, in the words of apimachinery's managedfields NewConflictError; kubectl adds its advice.</summary>
    public static StatusException Of(IReadOnlyList<ApplyConflict> conflicts)
    {
        var told = conflicts.Select(conflict => (Owner: conflict.Owner.ToString(), Paths: conflict.Paths()))
            .OrderBy(conflict => conflict.Owner, StringComparer.Ordinal).ToList();
        var count = told.Sum(conflict => conflict.Paths.Count);
        var message = count == 1
            ? $"Apply failed with 1 conflict: conflict with {told[0].Owner}: {told[0].Paths[0]}"
            : string.Create(CultureInfo.InvariantCulture, $"Apply failed with {count} conflicts: ") + string.Join(
                '\n', told.Select(c => $"conflicts with {c.Owner}:\n- {string.Join("\n- ", c.Paths)}"));
        return new StatusException(409, "Conflict", message, new JsonObject
        {
            ["causes"] = new JsonArray([.. told.SelectMany(c => c.Paths.Select(path => new JsonObject
            {
                ["reason"] = "FieldManagerConflict",
                ["message"] = $"conflict with {c.Owner}",
                ["field"] = path,
            }))]),
        });
    }

    private List<string> Paths() => [.. Fields.Paths().Select(path => string.Concat(path))];
}
