using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Palisade.ApiServer.Objects;
using Palisade.Kubernetes.Schema;

namespace Palisade.ApiServer.Http;

/// <summary>
/// kubectl auth can-i and whoami: reviews are answered, not stored. Whoever has the token is the administrator and
/// may do everything.
/// </summary>
internal sealed class ReviewEndpoints
{
    public static IReadOnlyList<KindSchema> Kinds { get; } =
    [
        ApiKinds.Find("authentication.k8s.io/v1", "SelfSubjectReview")!,
        ApiKinds.Find("authorization.k8s.io/v1", "SelfSubjectAccessReview")!,
        ApiKinds.Find("authorization.k8s.io/v1", "SelfSubjectRulesReview")!,
    ];

    public KindSchema? Find(string group, string version, string plural) =>
        Kinds.FirstOrDefault(kind => kind.Group == group && kind.Version == version && kind.Plural == plural);

    public async Task AnswerAsync(HttpContext context, KindSchema kind)
    {
        if (context.Request.Method != "POST")
            throw Errors.MethodNotAllowed(kind);
        var body = await RequestBody.ReadAsync(context);
        var tree = BodyDecoder.Object(body, RequestBody.MediaType(context), kind, FieldValidation.Ignore).Tree;
        tree["kind"] = kind.Kind;
        tree["apiVersion"] = kind.ApiVersion;
        tree["metadata"] = new JsonObject();
        tree["status"] = kind.Kind switch
        {
            "SelfSubjectReview" => new JsonObject
            {
                ["userInfo"] = new JsonObject
                {
                    ["username"] = "palisade-admin",
                    ["groups"] = new JsonArray("system:masters", "system:authenticated"),
                },
            },
            "SelfSubjectAccessReview" => new JsonObject
            {
                ["allowed"] = true,
                ["reason"] = "the token of this server is its administrator's",
            },
            _ => new JsonObject
            {
                ["incomplete"] = false,
                ["resourceRules"] = new JsonArray(Rule("resources", "apiGroups")),
                ["nonResourceRules"] = new JsonArray(Rule("nonResourceURLs")),
            },
        };
        await Responses.WriteJsonAsync(context, 201, tree);
    }

    private static JsonObject Rule(params string[] scopes)
    {
        var rule = new JsonObject { ["verbs"] = new JsonArray("*") };
        foreach (var scope in scopes)
            rule[scope] = new JsonArray("*");
        return rule;
    }
}
