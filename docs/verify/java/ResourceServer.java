import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPoint;
import java.security.spec.ECPublicKeySpec;
import java.security.spec.RSAPublicKeySpec;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;

/**
 * A resource server that takes Toolgate's access tokens and API keys, on the JDK and Jackson: what to answer, and when. Not a
 * whole MCP server. Signatures: ES256 and RS256.
 */
public final class ResourceServer {
  static final ObjectMapper JSON = new ObjectMapper();
  static final long LEEWAY = 5, KEYS_AGE_MS = 300_000, KEYS_PAUSE_MS = 5_000;
  /** What was revoked is refused within a second. */
  static final long INTROSPECTED_MS = 900;
  static final int LONGEST = 8192, LONGEST_BODY = 1 << 20, MOST_REMEMBERED = 10_000;

  /** What the caller gets instead of an answer; {@code error} is null when no credential was sent. */
  @SuppressWarnings("serial")
  static final class Refused extends Exception {
    final int status;
    final String error, scope;

    Refused(int status, String error, String scope, String words) {
      super(words);
      this.status = status;
      this.error = error;
      this.scope = scope;
    }
  }

  record Key(String algorithm, PublicKey key) {}

  record Remembered(long at, JsonNode answer) {}

  final HttpClient http = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();
  final String issuer, resource, clientId, clientSecret, scopes, origin, metadata;
  final JsonNode tools;
  final Map<String, Remembered> introspected = new ConcurrentHashMap<>();
  Map<String, Key> keys = Map.of();
  long keysRead = -KEYS_AGE_MS - 1;

  ResourceServer(Map<String, String> env) throws IOException {
    issuer = env.get("ISSUER");
    resource = env.get("RESOURCE");
    clientId = env.get("CLIENT_ID");
    clientSecret = env.get("CLIENT_SECRET");
    scopes = env.get("SCOPES");
    tools = JSON.readTree(env.get("TOOLS"));
    var uri = URI.create(resource);
    origin = uri.getScheme() + "://" + uri.getAuthority();
    metadata = "/.well-known/oauth-protected-resource" + uri.getPath();
  }

  Refused unauthorized(String words) {
    return new Refused(401, "invalid_token", scopes, words);
  }

  static long now() {
    return System.nanoTime() / 1_000_000;
  }

  JsonNode verify(String credential, InetAddress address) throws Refused {
    if (credential.length() > LONGEST) throw unauthorized("The credential is malformed.");
    return credential.startsWith("tgk_") ? apiKey(credential, address) : accessToken(credential);
  }

  JsonNode accessToken(String token) throws Refused {
    JsonNode claims;
    try {
      var parts = token.split("\\.", -1);
      if (parts.length != 3) throw unauthorized("The access token is not valid.");
      var header = JSON.readTree(Base64.getUrlDecoder().decode(parts[0]));
      // RFC 9068 section 4.
      if (!List.of("at+jwt", "application/at+jwt").contains(header.path("typ").asText().toLowerCase()) || header.has("crit"))
        throw unauthorized("This is not an access token.");
      var key = key(header.path("kid").asText());
      // The key decides the algorithm, never the header.
      if (!key.algorithm.equals(header.path("alg").asText()) || !verified(key, parts))
        throw unauthorized("The access token is not valid.");
      claims = JSON.readTree(Base64.getUrlDecoder().decode(parts[1]));
    } catch (IOException | IllegalArgumentException | GeneralSecurityException malformed) {
      throw unauthorized("The access token is not valid.");
    }
    for (var name : List.of("sub", "client_id", "jti"))
      if (!claims.path(name).isTextual()) throw unauthorized("The access token is not valid.");
    // A list of audiences is text of no kind.
    if (!issuer.equals(claims.path("iss").textValue()) || !resource.equals(claims.path("aud").textValue()))
      throw unauthorized("The access token is not valid here.");
    var time = System.currentTimeMillis() / 1000;
    if (!claims.path("exp").isIntegralNumber() || claims.path("exp").asLong() + LEEWAY <= time)
      throw unauthorized("The access token has expired.");
    if (claims.path("nbf").asLong() > time + LEEWAY || claims.path("iat").asLong() > time + LEEWAY)
      throw unauthorized("The access token is not valid yet.");
    var answer = introspect(token);
    if (!answer.path("active").asBoolean()) throw unauthorized("The session behind this token has ended.");
    return answer;
  }

  static boolean verified(Key key, String[] parts) throws GeneralSecurityException {
    var name = key.algorithm.equals("ES256") ? "SHA256withECDSAinP1363Format" : "SHA256withRSA";
    var signature = Signature.getInstance(name);
    signature.initVerify(key.key);
    signature.update((parts[0] + "." + parts[1]).getBytes(StandardCharsets.US_ASCII));
    return signature.verify(Base64.getUrlDecoder().decode(parts[2]));
  }

  synchronized Key key(String kid) throws Refused {
    var age = now() - keysRead;
    if (age > KEYS_AGE_MS || (!keys.containsKey(kid) && age > KEYS_PAUSE_MS)) {
      var found = new HashMap<String, Key>();
      for (var jwk : ask(HttpRequest.newBuilder(URI.create(issuer + "/.well-known/jwks.json"))).path("keys")) {
        try {
          var key = publicKey(jwk);
          if (key != null) found.put(jwk.path("kid").asText(), new Key(jwk.path("alg").asText(), key));
        } catch (GeneralSecurityException | IllegalArgumentException unusable) {
          // A key that this server cannot use is none.
        }
      }
      keys = found;
      keysRead = now();
    }
    var key = keys.get(kid);
    if (key == null) throw unauthorized("The key of the access token is unknown.");
    return key;
  }

  static PublicKey publicKey(JsonNode jwk) throws GeneralSecurityException {
    switch (jwk.path("alg").asText()) {
      case "ES256":
        var parameters = AlgorithmParameters.getInstance("EC");
        parameters.init(new ECGenParameterSpec("secp256r1"));
        var point = new ECPoint(number(jwk, "x"), number(jwk, "y"));
        var curve = parameters.getParameterSpec(ECParameterSpec.class);
        return KeyFactory.getInstance("EC").generatePublic(new ECPublicKeySpec(point, curve));
      case "RS256":
        return KeyFactory.getInstance("RSA").generatePublic(new RSAPublicKeySpec(number(jwk, "n"), number(jwk, "e")));
      default:
        return null;
    }
  }

  static BigInteger number(JsonNode jwk, String name) {
    return new BigInteger(1, Base64.getUrlDecoder().decode(jwk.path(name).asText()));
  }

  JsonNode apiKey(String key, InetAddress address) throws Refused {
    var answer = introspect(key);
    if (!answer.path("active").asBoolean() || !resource.equals(answer.path("aud").textValue()))
      throw unauthorized("The API key is not valid.");
    if (answer.has("exp") && answer.get("exp").asLong() <= System.currentTimeMillis() / 1000)
      throw unauthorized("The API key has expired.");
    var networks = answer.path("allowed_cidrs");
    if (networks.isEmpty()) return answer;
    for (var network : networks) if (holds(network.asText(), address)) return answer;
    throw new Refused(403, "invalid_request", null, "The API key may not be used from this address.");
  }

  /** The networks are literal addresses, so no name is looked up. */
  static boolean holds(String cidr, InetAddress address) {
    try {
      var slash = cidr.indexOf('/');
      var network = InetAddress.getByName(slash < 0 ? cidr : cidr.substring(0, slash)).getAddress();
      var own = address.getAddress();
      if (network.length != own.length) return false;
      var host = network.length * 8 - (slash < 0 ? network.length * 8 : Integer.parseInt(cidr.substring(slash + 1)));
      return new BigInteger(1, network).shiftRight(host).equals(new BigInteger(1, own).shiftRight(host));
    } catch (IOException | NumberFormatException unreadable) {
      return false;
    }
  }

  JsonNode introspect(String token) throws Refused {
    // From before the question: what was revoked while it was on its way is noticed in time.
    var at = now();
    var known = introspected.get(token);
    if (known != null && at - known.at < INTROSPECTED_MS) return known.answer;
    var basic = Base64.getEncoder().encodeToString((encoded(clientId) + ":" + encoded(clientSecret)).getBytes());
    var answer = ask(HttpRequest.newBuilder(URI.create(issuer + "/oauth/introspect"))
        .header("Authorization", "Basic " + basic)
        .header("Content-Type", "application/x-www-form-urlencoded")
        .POST(HttpRequest.BodyPublishers.ofString("token=" + encoded(token))));
    if (introspected.size() >= MOST_REMEMBERED) introspected.clear();
    introspected.put(token, new Remembered(at, answer));
    return answer;
  }

  static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  JsonNode ask(HttpRequest.Builder request) throws Refused {
    try {
      var answer = http.send(request.timeout(Duration.ofSeconds(5)).build(), HttpResponse.BodyHandlers.ofString());
      if (answer.statusCode() == 200) return JSON.readTree(answer.body());
    } catch (IOException failed) {
      // Below.
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
    throw new Refused(503, "temporarily_unavailable", null, "Toolgate could not be asked.");
  }

  static final List<String> LADDER = List.of("mcp:read", "mcp:write", "mcp:admin");
  static final List<String> NOT_IN_LADDER =
      List.of("keys:write", "sessions:write", "admin", "openid", "profile", "email", "offline_access");

  /** mcp:read covers every *:read, mcp:write that and every *:write, mcp:admin all of a resource. */
  static boolean covers(String held, String needed) {
    if (held.equals(needed)) return true;
    if (!LADDER.contains(held) || NOT_IN_LADDER.contains(needed)) return false;
    if (held.equals("mcp:admin")) return true;
    if (LADDER.contains(needed)) return LADDER.indexOf(needed) < LADDER.indexOf(held);
    return needed.endsWith(":read") || (held.equals("mcp:write") && needed.endsWith(":write"));
  }

  String credentialOf(HttpExchange exchange) throws Refused {
    var authorization = exchange.getRequestHeaders().getOrDefault("Authorization", List.of());
    var keys = exchange.getRequestHeaders().getOrDefault("X-api-key", List.of());
    if (authorization.size() + keys.size() > 1)
      throw new Refused(400, "invalid_request", null, "Send one credential.");
    if (!keys.isEmpty()) {
      if (!keys.get(0).startsWith("tgk_")) throw unauthorized("The API key is not valid.");
      return keys.get(0);
    }
    if (authorization.isEmpty()) throw new Refused(401, null, scopes, "A credential is needed.");
    var text = authorization.get(0);
    if (!text.regionMatches(true, 0, "Bearer ", 0, 7) || text.substring(7).isBlank())
      throw unauthorized("The Authorization header must be Bearer.");
    return text.substring(7).trim();
  }

  JsonNode call(HttpExchange exchange) throws Refused, IOException {
    var body = exchange.getRequestBody().readNBytes(LONGEST_BODY + 1);
    var caller = verify(credentialOf(exchange), exchange.getRemoteAddress().getAddress());
    // Against DNS rebinding: browsers say which page they act for.
    var page = exchange.getRequestHeaders().getFirst("Origin");
    if (page != null && !page.equals(origin))
      throw new Refused(403, "invalid_request", null, "This Origin is not allowed.");
    JsonNode message;
    try {
      message = JSON.readTree(body);
    } catch (IOException malformed) {
      message = JSON.nullNode();
    }
    // A batch could hide a second call behind the first.
    if (!message.isObject() || body.length > LONGEST_BODY || !message.path("method").asText().equals("tools/call"))
      throw new Refused(400, "invalid_request", null, "Send one tools/call.");
    var name = message.path("params").path("name").asText();
    var needed = tools.path(name).textValue();
    if (needed == null) throw new Refused(404, "invalid_request", null, "There is no such tool.");
    for (var held : caller.path("scope").asText().split(" "))
      if (covers(held, needed)) {
        var answer = JSON.createObjectNode().put("jsonrpc", "2.0");
        answer.set("id", message.path("id"));
        var text = "called by " + caller.path("sub").asText();
        answer.putObject("result").putArray("content").addObject().put("type", "text").put("text", text);
        return answer;
      }
    throw new Refused(403, "insufficient_scope", needed, "The tool " + name + " needs: " + needed);
  }

  void handle(HttpExchange exchange) throws IOException {
    var path = exchange.getRequestURI().getPath();
    try {
      if (exchange.getRequestMethod().equals("GET")) {
        if (!path.equals(metadata) && !path.equals("/.well-known/oauth-protected-resource"))
          throw new Refused(404, "invalid_request", null, "There is nothing here.");
        // RFC 9728 section 2
        var body = JSON.createObjectNode().put("resource", resource);
        body.putArray("authorization_servers").add(issuer);
        for (var scope : scopes.split(" ")) body.withArray("scopes_supported").add(scope);
        body.putArray("bearer_methods_supported").add("header");
        send(exchange, 200, body);
      } else {
        send(exchange, 200, call(exchange));
      }
    } catch (Refused refused) {
      var body = JSON.createObjectNode();
      if (refused.error != null) body.put("error", refused.error);
      body.put("error_description", refused.getMessage());
      if (refused.scope != null) {
        // RFC 6750 section 3, RFC 9728 section 5.1
        var challenge = "Bearer resource_metadata=\"" + origin + metadata + "\", scope=\"" + refused.scope + "\"";
        if (refused.error != null)
          challenge += ", error=\"" + refused.error + "\", error_description=\"" + refused.getMessage() + "\"";
        exchange.getResponseHeaders().set("WWW-Authenticate", challenge);
      }
      send(exchange, refused.status, body);
    } finally {
      exchange.close();
    }
  }

  static void send(HttpExchange exchange, int status, JsonNode body) throws IOException {
    var content = JSON.writeValueAsBytes(body);
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    exchange.getResponseHeaders().set("Cache-Control", "no-store");
    exchange.sendResponseHeaders(status, content.length);
    exchange.getResponseBody().write(content);
  }

  public static void main(String[] none) throws IOException {
    var server = new ResourceServer(System.getenv());
    var uri = URI.create(server.resource);
    var listener = HttpServer.create(new InetSocketAddress(uri.getHost(), uri.getPort()), 0);
    listener.createContext("/", server::handle);
    listener.setExecutor(Executors.newFixedThreadPool(32));
    listener.start();
  }
}
