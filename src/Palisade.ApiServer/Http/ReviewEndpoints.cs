using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Palisade.ApiServer.Access;
using Palisade.ApiServer.Objects;
using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Schema;

namespace Palisade.ApiServer.Http;

/// <summary>kubectl auth can-i and whoami, and what asks for others: reviews are answered, not stored.</summary>
internal sealed class ReviewEndpoints(Authorizer authorizer, Authenticator authenticator, ServiceAccountTokens tokens)
{
    private const string Authentication = "authentication.k8s.io/v1";
    private const string Authorization = "authorization.k8s.io/v1";

    public static IReadOnlyList<KindSchema> Kinds { get; } =
    [
        ApiKinds.Find(Authentication, "SelfSubjectReview")!,
        ApiKinds.Find(Authentication, "TokenReview")!,
        ApiKinds.Find(Authorization, "LocalSubjectAccessReview")!,
        ApiKinds.Find(Authorization, "SelfSubjectAccessReview")!,
        ApiKinds.Find(Authorization, "SelfSubjectRulesReview")!,
        ApiKinds.Find(Authorization, "SubjectAccessReview")!,
    ];

    /// <summary>The review that the path's segments after the group version name, or null.</summary>
    public static KindSchema? Find(string group, string version, ReadOnlySpan<string> rest)
    {
        var isNamespaced = rest.Length == 3 && rest[0] == "namespaces";
        if (rest.Length != 1 && !isNamespaced)
            return null;
        var plural = rest[^1];
        return Kinds.FirstOrDefault(kind => kind.Group == group && kind.Version == version && kind.Plural == plural
            && kind.Namespaced == isNamespaced);
    }

    public async Task AnswerAsync(HttpContext context, KindSchema kind)
    {
        if (context.Request.Method != "POST")
            throw Errors.MethodNotAllowed();
        var body = await RequestBody.ReadAsync(context);
        var tree = BodyDecoder.Object(body, RequestBody.MediaType(context), kind, FieldValidation.Ignore).Tree;
        var caller = Caller.Of(context);
        var status = kind.Kind switch
        {
            "SelfSubjectReview" => new JsonObject { ["userInfo"] = caller.User.ToJson() },
            "TokenReview" => TokenStatus(tree["spec"]),
            "SelfSubjectRulesReview" => Rules(caller.User, Cell.Text(tree["spec"]?["namespace"])),
            "SelfSubjectAccessReview" => Access(kind, caller.User, tree["spec"]),
            _ => Access(kind, Subject(kind, tree["spec"]), Placed(kind, tree["spec"], caller.Request.Namespace)),
        };
        var answer = new JsonObject
        {
            ["kind"] = kind.Kind,
            ["apiVersion"] = kind.ApiVersion,
            ["metadata"] = new JsonObject { ["creationTimestamp"] = null },
        };
        if (tree["spec"] is { } spec && kind.Kind != "TokenReview")
            answer["spec"] = spec.DeepClone();
        else if (kind.Kind == "TokenReview")
            answer["spec"] = new JsonObject();
        answer["status"] = status;
        await Responses.WriteJsonAsync(context, 201, answer);
    }

    private JsonObject Access(KindSchema kind, User user, JsonNode? spec)
    {
        var allowed = authorizer.Now.Allows(user, Asked(kind, spec), out var reason);
        var status = new JsonObject { ["allowed"] = allowed };
        if (reason.Length > 0)
            status["reason"] = reason;
        return status;
    }

    private static AccessRequest Asked(KindSchema kind, JsonNode? spec)
    {
        var resource = spec?["resourceAttributes"];
        var path = spec?["nonResourceAttributes"];
        if ((resource is null) == (path is null))
        {
            var why = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
            throw Errors.Invalid(kind.Group, kind.Kind, "", [Causes.Invalid("spec.resourceAttributes", "null", why)]);
        }

        if (resource is null)
            return new AccessRequest { Verb = Cell.Text(path!["verb"]), Path = Cell.Text(path["path"]) };
        return AccessRequest.On(
            Cell.Text(resource["verb"]),
            Cell.Text(resource["group"]),
            Cell.Text(resource["resource"]),
            Cell.Text(resource["namespace"]),
            Cell.Text(resource["name"]),
            Cell.Text(resource["subresource"]));
    }

    private static User Subject(KindSchema kind, JsonNode? spec)
    {
        var name = Cell.Text(spec?["user"]);
        ImmutableArray<string> groups = [.. Cell.Texts(spec?["groups"])];
        if (name.Length == 0 && groups.IsEmpty)
        {
            const string Why = "at least one of user or group must be specified";
            throw Errors.Invalid(kind.Group, kind.Kind, "", [Causes.Invalid("spec.user", "\"\"", Why)]);
        }

        return new User(name, groups, Cell.Text(spec?["uid"]));
    }

    private static JsonNode? Placed(KindSchema kind, JsonNode? spec, string ns)
    {
        if (kind.Namespaced && Cell.Text(spec?["resourceAttributes"]?["namespace"]) != ns)
        {
            throw Errors.Invalid(kind.Group, kind.Kind, "", [Causes.Invalid(
                "spec.resourceAttributes.namespace",
                $"\"{Cell.Text(spec?["resourceAttributes"]?["namespace"])}\"",
                "must match metadata.namespace")]);
        }

        return spec;
    }

    private JsonObject Rules(User user, string ns)
    {
        if (ns.Length == 0)
            throw Errors.BadRequest("no namespace on request");
        var rules = authorizer.Now.RulesFor(user, ns);
        return new JsonObject
        {
            ["resourceRules"] = new JsonArray(
                [.. rules.Where(rule => rule.Resources.Length > 0).Select(rule => rule.ToJson())]),
            ["nonResourceRules"] = new JsonArray(
                [.. rules.Where(rule => rule.Paths.Length > 0).Select(rule => rule.ToJson())]),
            ["incomplete"] = false,
        };
    }

    private JsonObject TokenStatus(JsonNode? spec)
    {
        var token = Cell.Text(spec?["token"]);
        var audiences = Cell.Texts(spec?["audiences"]).ToList();
        var known = tokens.Read(token);
        var meant = known is { } account
            ? account.Audiences.Where(audience => audiences.Count == 0
                ? audience == ServiceAccountTokens.Issuer
                : audiences.Contains(audience)).ToList()
            : audiences.Count == 0 ? [ServiceAccountTokens.Issuer] : audiences;
        var user = known is { User: var found } && meant.Count > 0 ? found : authenticator.UserOf(token);
        if (user is null)
        {
            var refused = new JsonObject { ["user"] = new JsonObject() };
            refused["error"] = "[invalid bearer token]";
            return refused;
        }

        return new JsonObject
        {
            ["authenticated"] = true,
            ["user"] = user.ToJson(),
            ["audiences"] = new JsonArray([.. meant.Select(audience => (JsonNode)audience)]),
        };
    }
}
