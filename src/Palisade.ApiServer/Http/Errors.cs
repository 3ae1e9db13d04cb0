using System.Text.Json.Nodes;
using Palisade.ApiServer.Access;
using Palisade.Kubernetes.Convert;
using Palisade.Kubernetes.Schema;
using Palisade.Kubernetes.Validate;

namespace Palisade.ApiServer.Http;

/// <summary>The API server's refusals, in its own words (apimachinery api/errors).</summary>
internal static class Errors
{
    public static StatusException Unauthorized() => new(401, "Unauthorized", "Unauthorized");

    public static StatusException UnknownPath() =>
        new(404, "NotFound", "the server could not find the requested resource", new JsonObject());

    public static StatusException NotFound(KindSchema kind, string name) =>
        new(404, "NotFound", $"{kind.QualifiedResource} \"{name}\" not found", Details(kind, name));

    public static StatusException AlreadyExists(KindSchema kind, string name) =>
        new(409, "AlreadyExists", $"{kind.QualifiedResource} \"{name}\" already exists", Details(kind, name));

    public static StatusException Conflict(KindSchema kind, string name, string why) =>
        new(
            409,
            "Conflict",
            $"Operation cannot be fulfilled on {kind.QualifiedResource} \"{name}\": {why}",
            Details(kind, name));

    public static StatusException Forbidden(KindSchema kind, string name, string why, JsonArray? causes = null)
    {
        var details = Details(kind, name);
        if (causes is not null)
            details["causes"] = causes;
        return new StatusException(
            403, "Forbidden", $"{kind.QualifiedResource} \"{name}\" is forbidden: {why}", details);
    }

    /// <summary>403: no rule allows the user what the request wants.</summary>
    public static StatusException Forbidden(User user, AccessRequest request, string reason)
    {
        var why = request.Refusal(user) + (reason.Length > 0 ? $": {reason}" : "");
        if (!request.IsResource)
            return new StatusException(403, "Forbidden", $"forbidden: {why}", new JsonObject());
        var subject = request.Group.Length == 0 ? request.Resource : $"{request.Resource}.{request.Group}";
        var details = new JsonObject();
        if (request.Name.Length > 0)
            details["name"] = request.Name;
        if (request.Group.Length > 0)
            details["group"] = request.Group;
        details["kind"] = request.Resource;
        var named = request.Name.Length > 0 ? $"{subject} {GoText.Quote(request.Name)}" : subject;
        return new StatusException(403, "Forbidden", $"{named} is forbidden: {why}", details);
    }

    public static StatusException TooManyRequests(string message) => new(
        429, "TooManyRequests", message, new JsonObject { ["retryAfterSeconds"] = 1 });

    public static StatusException BadRequest(string message) => new(400, "BadRequest", message);

    public static StatusException MethodNotAllowed() => new(
        405, "MethodNotAllowed", "the server does not allow this method on the requested resource", new JsonObject());

    /// <summary>405: kinds of the server's own have no route for it, custom ones are told apart by verb.</summary>
    public static StatusException MethodNotAllowed(KindSchema kind, AccessRequest request) => !kind.IsCustom
        ? MethodNotAllowed()
        : new StatusException(
            405, "MethodNotAllowed",
            $"{request.Verb} is not supported on resources of kind \"{kind.QualifiedResource}\"", Details(kind, null));

    public static StatusException NotAcceptable(string accepted) =>
        new(406, "NotAcceptable", $"only the following media types are accepted: {accepted}");

    public static StatusException UnsupportedMediaType(string accepted) =>
        new(415, "UnsupportedMediaType",
            $"the body of the request was in an unknown format - accepted media types include: {accepted}");

    public static StatusException TooLarge(int limit) =>
        new(413, "RequestEntityTooLarge", $"Request entity too large: limit is {limit}");

    public static StatusException Expired(string message) => new(410, "Expired", message);

    public static StatusException Internal(string message) =>
        new(500, "InternalError", $"Internal error occurred: {message}", new JsonObject
        {
            ["causes"] = new JsonArray(new JsonObject { ["message"] = message }),
        });

    /// <summary>
    /// 422: <paramref name="kind"/> and <paramref name="name"/> as details name them; causes in order.
    /// </summary>
    public static StatusException Invalid(string group, string kind, string name, IReadOnlyCollection<Cause> causes)
    {
        var texts = causes.Select(cause => cause.ToString()).Distinct(StringComparer.Ordinal).ToList();
        var all = texts.Count == 1 ? texts[0] : $"[{string.Join(", ", texts)}]";
        var subject = group.Length == 0 ? kind : $"{kind}.{group}";
        var details = new JsonObject();
        if (name.Length > 0)
            details["name"] = name;
        if (group.Length > 0)
            details["group"] = group;
        if (kind.Length > 0)
            details["kind"] = kind;
        details["causes"] = new JsonArray([.. causes.Select(Causes.ToJson)]);
        return new StatusException(422, "Invalid", $"{subject} \"{name}\" is invalid: {all}", details);
    }

    public static JsonObject Details(KindSchema kind, string? name)
    {
        var details = new JsonObject();
        if (!string.IsNullOrEmpty(name))
            details["name"] = name;
        if (kind.Group.Length > 0)
            details["group"] = kind.Group;
        details["kind"] = kind.Plural;
        return details;
    }
}
